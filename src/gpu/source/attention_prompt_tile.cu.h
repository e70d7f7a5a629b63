// Attention of prompts, whatever multiplies (attention_prompt.h): which positions a tile of rows has to see, scores
// that become weights, and where outputs go.
#pragma once

#include "gpu/source/attention_prompt.h"
#include "gpu/source/curves.cu.h"
#include "gpu/source/device.h"

namespace estoc::gpu {

constexpr float kMinusInfinity = -__builtin_inff();

DEVICE float larger(float x, float y) { return x > y ? x : y; }

// What a tile of rows has to see: stages [first, end), the last position of all.
struct AttentionSpan {
  int first, end, last;
};
DEVICE AttentionSpan attention_span(const AttentionPromptTile& tile, int window) {
  const int last = tile.position + tile.tokens - 1;
  const int begin = window > 0 && tile.position >= window ? tile.position - window + 1 : 0;
  return {begin / kAttentionPromptStage, last / kAttentionPromptStage + 1, last};
}

// The tile that a block takes in its round, to and fro; beyond the last there is no more.
DEVICE int attention_tile_at(int round) {
  const int blocks = grid_blocks(), own = block_index();
  return round * blocks + (round % 2 == 0 ? own : blocks - 1 - own);
}

// Which pair of dimensions this lane has of the 8 columns `i` of a fragment.
DEVICE int attention_pair(KvForm form, int i) {
  const int t = thread_index() % 4;
  return form == KvForm::bf16 ? i * 4 + t : i / 2 * 8 + 2 * t + i % 2;
}

// The same number, of which AMD's compiler does not know that it is: what follows from it is computed where it is used,
// instead of being kept in registers that are not there.
DEVICE int known_here(int x) {
#if defined(__HIP__)
  asm volatile("" : "+v"(x));
#endif
  return x;
}

// A warp's 16 query rows as fragments, of which this thread has parts of rows row0 and row0 + 8; rows beyond the tile
// are zero. Products with codes want another order of dimensions: lane t has four neighbours of each 16.
template <int D, KvForm kForm = KvForm::bf16>
DEVICE void attention_load_query(u32 (&q)[D / 16][4], const AttentionPromptArguments& a,
                                 const AttentionPromptTile& tile, int row0) {
  UNROLL
  for (int r = 0; r < 2; ++r) {
    const int row = row0 + 8 * r, token = row / a.group;
    const bool is_inside = token < tile.tokens;
    const long head =
        static_cast<long>(tile.token + (is_inside ? token : 0)) * a.heads + tile.head * a.group + row % a.group;
    const u32* from = reinterpret_cast<const u32*>(a.query + head * D);
    UNROLL
    for (int i = 0; i < D / 8; ++i) {
      const u32 word = from[attention_pair(kForm, i)];
      q[i / 2][r + i % 2 * 2] = is_inside ? word : 0;
    }
  }
}

// Scores of some positions from `first_key` on: s[4 n + e] is row e / 2 * 8, position 8 n + lane % 4 * 2 + e % 2.
template <int kCount>
DEVICE void attention_mask(float (&s)[kCount], int first_key, const int (&position)[2], int window) {
  UNROLL
  for (int i = 0; i < kCount; ++i) {
    const int key = first_key + i / 4 * 8 + thread_index() % 4 * 2 + i % 2, own = position[i % 4 / 2];
    if (key > own || (window > 0 && key <= own - window)) s[i] = kMinusInfinity;
  }
}

// Of this thread's two rows: the largest score so far, the sum of weights over this thread's columns, and what older
// sums are to be multiplied by.
struct AttentionRows {
  float largest[2], sum[2], rescale[2];
};

// Scores become weights, in place; `scale` is that of scores times log2(e).
template <int kCount>
DEVICE void attention_softmax(float (&s)[kCount], AttentionRows& rows, float scale) {
  UNROLL
  for (int r = 0; r < 2; ++r) {
    float largest = rows.largest[r];
    UNROLL
    for (int i = 0; i < kCount / 2; ++i) largest = larger(largest, s[i / 2 * 4 + 2 * r + i % 2]);
    UNROLL
    for (int mask = 1; mask <= 2; mask *= 2) largest = larger(largest, shuffle_xor(largest, mask));
    const float base = largest == kMinusInfinity ? 0 : largest * scale;  // a row that has seen nothing yet
    rows.rescale[r] = exp2_fast(rows.largest[r] * scale - base);
    rows.largest[r] = largest;
    float sum = 0;
    UNROLL
    for (int i = 0; i < kCount / 2; ++i) {
      float& weight = s[i / 2 * 4 + 2 * r + i % 2];
      weight = exp2_fast(weight * scale - base);
      sum += weight;
    }
    rows.sum[r] = rows.sum[r] * rows.rescale[r] + sum;
  }
}

template <bool kMayBeCapped = false, int kCount>
DEVICE void attention_weights(float (&s)[kCount], AttentionRows& rows, const AttentionPromptArguments& a,
                              const AttentionPromptTile& tile, const AttentionSpan& span, const int (&position)[2],
                              int first_key) {
  const bool has_future = first_key + kCount * 2 - 1 > tile.position;
  const bool has_forgotten = a.window > 0 && first_key <= span.last - a.window;
  if (kMayBeCapped && a.softcap > 0) {
    const float inverse = a.scale / a.softcap, cap = a.softcap / a.scale;
    UNROLL
    for (int i = 0; i < kCount; ++i) s[i] = cap * tanh_fast(s[i] * inverse);
  }
  if (has_future || has_forgotten) attention_mask(s, first_key, position, a.window);
  attention_softmax(s, rows, a.scale * kLog2E);
}

template <int kBlocks>
DEVICE void attention_pack(u32 (&p)[kBlocks][4], const float (&s)[kBlocks * 8]) {
  UNROLL
  for (int i = 0; i < kBlocks * 4; ++i) p[i / 4][i % 4] = pack_bf16x2(s[2 * i], s[2 * i + 1]);
}

template <int D, KvForm kForm = KvForm::bf16>
DEVICE void attention_store(const float (&o)[D / 2], const AttentionRows& rows, const AttentionPromptArguments& a,
                            const AttentionPromptTile& tile, int row0) {
  UNROLL
  for (int r = 0; r < 2; ++r) {
    float sum = rows.sum[r];
    UNROLL
    for (int mask = 1; mask <= 2; mask *= 2) sum += shuffle_xor(sum, mask);
    const int row = row0 + 8 * r, token = tile.token + row / a.group, head = tile.head * a.group + row % a.group;
    if (row / a.group >= tile.tokens) continue;
    if (a.sinks != nullptr) {
      sum += exp2_fast((a.sinks[head] - rows.largest[r] * a.scale) * kLog2E);
    }
    const float factor = reciprocal_fast(sum);
    const int first_pair = known_here(attention_pair(kForm, 0));
    const float* gate =
        a.gate == nullptr ? nullptr : a.gate + static_cast<long>(token) * a.gate_stride + head * a.width;
    UNROLL
    for (int j = 0; j < D / 8; ++j) {
      const int in_head = first_pair + (kForm == KvForm::bf16 ? j * 4 : j / 2 * 8 + j % 2);
      const int pair = head * (a.width / 2) + in_head;
      if (2 * in_head >= a.width) continue;
      float low = o[4 * j + 2 * r] * factor, high = o[4 * j + 2 * r + 1] * factor;
      if (gate != nullptr) {
        low *= sigmoid_fast(gate[2 * in_head]);
        high *= sigmoid_fast(gate[2 * in_head + 1]);
      }
      *reinterpret_cast<u32*>(a.output + token_pair_offset(a.order, token, pair, a.heads * a.width / kTokenTile)) =
          pack_bf16x2(low, high);
    }
  }
}

}  // namespace estoc::gpu
