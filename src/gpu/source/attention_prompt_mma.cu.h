// Attention of prompts where there are no warpgroup products (attention_prompt.h), by mma.sync.
//
// Kept simple. Eight warps, 16 query rows each, take one or two blocks of positions at a time; keys and values go from
// memory to registers in the order of fragments, which for values the transposition of 8 x 8 makes of rows.
#pragma once

#include "gpu/source/attention_prompt.h"
#include "gpu/source/attention_prompt_tile.cu.h"
#include "gpu/source/device.h"
#include "gpu/source/kv_codes.cu.h"

namespace estoc::gpu {

// Blocks of positions at a time, as many as registers suffice for.
constexpr int attention_mma_blocks(int head_dim) { return head_dim > 64 ? 1 : 2; }

// Where this lane's words of the tile of block `id` begin, one a core: those of half h of the positions are h times the
// cores of a half on.
template <int D, KvForm kForm>
DEVICE const u8* attention_words(const AttentionPromptArguments& a, const AttentionPromptTile& tile, u32 id,
                                 bool is_value) {
  return a.kv.pool + id * a.kv.block_stride +
         static_cast<long>((is_value ? a.kv.kv_heads : 0) + tile.head) * kv_tile_bytes(kForm, D) +
         thread_index() % kWarp * 4;
}

// 16 dimensions of this lane's position in a half of a block, as two pairs of bf16: of bf16 dimensions 2 t and 8 + 2 t,
// of codes 4 t and 4 t + 2, and those after them.
template <int D, KvForm kForm>
DEVICE void attention_pairs(u32 (&pairs)[2], const u8* words, int half, int chunk, const SplitScale& scale) {
  if constexpr (kForm == KvForm::int8) {
    const u32 codes = *reinterpret_cast<const u32*>(words + (half * (D / 16) + chunk) * 128);
    UNROLL
    for (int i = 0; i < 2; ++i) pairs[i] = scaled_pair(codes, i, scale);
  } else {
    UNROLL
    for (int i = 0; i < 2; ++i) {
      pairs[i] = *reinterpret_cast<const u32*>(words + (half * (D / 8) + 2 * chunk + i) * 128);
    }
  }
}
// The scale of this lane's position; nothing for bf16.
template <int D, KvForm kForm>
DEVICE SplitScale attention_scale(const u8* words, int half) {
  if constexpr (kForm == KvForm::bf16) return {0, 0};
  const int lane = thread_index() % kWarp;
  return split_scale(*reinterpret_cast<const float*>(words - lane * 4 + kv_scale_byte(D, half * 8 + lane / 4)));
}

template <int D, KvForm kForm>
DEVICE void attention_mma_scores(float (&s)[attention_mma_blocks(D) * 8], const u32 (&q)[D / 16][4],
                                 const u8* const (&keys)[attention_mma_blocks(D)]) {
  UNROLL
  for (int n = 0; n < attention_mma_blocks(D) * 2; ++n) {
    sync_warp();  // no more loads ahead than there are registers
    float sum[4] = {0, 0, 0, 0};
    const SplitScale scale = attention_scale<D, kForm>(keys[n / 2], n % 2);
    UNROLL
    for (int i = 0; i < D / 16; ++i) {
      if (D > 128 && i % 4 == 0) sync_warp();
      u32 k[2];
      attention_pairs<D, kForm>(k, keys[n / 2], n % 2, i, scale);
      mma_bf16(sum, q[i], k[0], k[1]);
    }
    UNROLL
    for (int e = 0; e < 4; ++e) s[4 * n + e] = sum[e];
  }
}

template <int D, KvForm kForm>
DEVICE void attention_mma_values(float (&o)[D / 2], const u32 (&p)[attention_mma_blocks(D)][4],
                                 const u8* const (&values)[attention_mma_blocks(D)]) {
  UNROLL
  for (int block = 0; block < attention_mma_blocks(D); ++block) {
    const SplitScale scales[2] = {attention_scale<D, kForm>(values[block], 0),
                                  attention_scale<D, kForm>(values[block], 1)};
    UNROLL
    for (int chunk = 0; chunk < D / 16; ++chunk) {
      if (D > 128 && chunk % 2 == 0) sync_warp();  // no more loads ahead than there are registers
      u32 v[2][2];
      UNROLL
      for (int half = 0; half < 2; ++half) {
        attention_pairs<D, kForm>(v[half], values[block], half, chunk, scales[half]);
      }
      UNROLL
      for (int i = 0; i < 2; ++i) {
        float(&mine)[4] = *reinterpret_cast<float(*)[4]>(&o[8 * chunk + 4 * i]);
        mma_bf16(mine, p[block], transpose_8x8(v[0][i]), transpose_8x8(v[1][i]));
      }
    }
  }
}

template <int D, KvForm kForm, bool kMayBeCapped>
DEVICE void attention_mma_tile(const AttentionPromptArguments& a, const AttentionPromptTile& tile) {
  constexpr int kBlocks = attention_mma_blocks(D);
  const int row = thread_index() / kWarp * 16 + thread_index() % kWarp / 4;
  const int position[2] = {tile.position + row / a.group, tile.position + (row + 8) / a.group};
  const AttentionSpan span = attention_span(tile, a.window);
  u32 query[D / 16][4];
  attention_load_query<D, kForm>(query, a, tile, row);
  float o[D / 2];
  UNROLL
  for (int i = 0; i < D / 2; ++i) o[i] = 0;
  AttentionRows rows{{kMinusInfinity, kMinusInfinity}, {0, 0}, {0, 0}};
  const int last_block = span.last / kKvPositions;
  for (int first = span.first * kAttentionPromptStage; first <= span.last; first += kBlocks * kKvPositions) {
    const u8 *keys[kBlocks], *values[kBlocks];
    u32 ids[kBlocks];
    UNROLL
    for (int i = 0; i < kBlocks; ++i) {  // beyond the last block once more the last: masked
      const int block = first / kKvPositions + i < last_block ? first / kKvPositions + i : last_block;
      ids[i] = a.tables[tile.table + block];
      keys[i] = attention_words<D, kForm>(a, tile, ids[i], false);
      if (D <= 128) values[i] = attention_words<D, kForm>(a, tile, ids[i], true);
    }
    float s[kBlocks * 8];
    attention_mma_scores<D, kForm>(s, query, keys);
    attention_weights<kMayBeCapped>(s, rows, a, tile, span, position, first);
    UNROLL
    for (int j = 0; j < D / 2; ++j) o[j] *= rows.rescale[j % 4 / 2];
    u32 p[kBlocks][4];
    attention_pack(p, s);
    sync_warp();
    UNROLL
    for (int i = 0; i < kBlocks && D > 128; ++i) values[i] = attention_words<D, kForm>(a, tile, ids[i], true);
    attention_mma_values<D, kForm>(o, p, values);
  }
  attention_store<D, kForm>(o, rows, a, tile, row);
}

template <int D, bool kMayBeCapped>
DEVICE void attention_prompt_mma(const AttentionPromptArguments& a) {
  grid_release();
  grid_wait();
  for (int round = 0, i = attention_tile_at(0); i < a.tile_count; i = attention_tile_at(++round)) {
    if (a.kv.form == KvForm::int8) {
      attention_mma_tile<D, KvForm::int8, kMayBeCapped>(a, a.tiles[i]);
    } else {
      attention_mma_tile<D, KvForm::bf16, kMayBeCapped>(a, a.tiles[i]);
    }
  }
}

#define ESTOC_ATTENTION_PROMPT_MMA(name, d, may_be_capped)                    \
  KERNEL(kAttentionPromptMmaThreads, 1, name, (AttentionPromptArguments a)) { \
    attention_prompt_mma<d, may_be_capped>(a);                                \
  }

#if !defined(__HIP__)  // whose registers would not do: such prompts are computed row by row there
ESTOC_ATTENTION_PROMPT_MMA(attention_prompt_256, 256, true)
#endif
ESTOC_ATTENTION_PROMPT_MMA(attention_prompt_64_capped, 64, true)
ESTOC_ATTENTION_PROMPT_MMA(attention_prompt_128_capped, 128, true)
#if defined(IS_EMULATED)
ESTOC_ATTENTION_PROMPT_MMA(attention_prompt_mma_64, 64, false)
ESTOC_ATTENTION_PROMPT_MMA(attention_prompt_mma_128, 128, false)
#elif !defined(HAS_WGMMA)
ESTOC_ATTENTION_PROMPT_MMA(attention_prompt_64, 64, false)
ESTOC_ATTENTION_PROMPT_MMA(attention_prompt_128, 128, false)
#endif

}  // namespace estoc::gpu
