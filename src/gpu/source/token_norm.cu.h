// RMS norm of f32 rows into token tiles (token_norm.h): a block a row, a thread four chunks of eight columns that are
// all on the way at once. Four neighbouring threads have 32 columns, inside which both orders permute.
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/token_norm.h"

namespace estoc::gpu {

// Half of transposing four words of four lanes: the upper lane of two that differ in one bit gets `high` of both.
DEVICE void exchange_words(u32& low, u32& high, int bit, int lane) {
  const u32 l = low, h = high, other = shuffle_xor((lane & bit) != 0 ? l : h, bit);
  low = (lane & bit) != 0 ? other : l;
  high = (lane & bit) != 0 ? h : other;
}

struct Eight {
  float v[8];
};
DEVICE Eight load_eight(const float* p) {
  const Words4 low = *reinterpret_cast<const Words4*>(p), high = *reinterpret_cast<const Words4*>(p + 4);
  Eight x;
  UNROLL
  for (int i = 0; i < 4; ++i) {
    x.v[i] = bits_to_f32(low.v[i]);
    x.v[i + 4] = bits_to_f32(high.v[i]);
  }
  return x;
}

// The sum over all threads of the block.
DEVICE float block_sum(float (&part)[kTokenNormThreadsMax / kWarp], float x) {
  for (int mask = 16; mask > 0; mask >>= 1) x += shuffle_xor(x, mask);
  if (thread_index() % kWarp == 0) part[thread_index() / kWarp] = x;
  sync_block();
  float sum = 0;
  for (int w = 0; w < block_threads() / kWarp; ++w) sum += part[w];
  return sum;
}

KERNEL(kTokenNormThreadsMax, 1, rms_norm_tiles, (TokenNormArguments a)) {
  SHARED(part, float[kTokenNormThreadsMax / kWarp]);
  constexpr int kChunks = kTokenNormColumns / 8;
  grid_release();
  grid_wait();
  const int token = block_index(), threads = block_threads(), lane = thread_index() % kWarp;
  const int chunks = a.columns / 8;
  if (a.tile_count != nullptr && token >= *a.tile_count * kTokenTile) return;
  if (a.picks != nullptr && a.picks[token] < 0) return;
  const float* row = a.input + static_cast<long>(a.picks != nullptr ? a.picks[token] : token) * a.columns;
  Eight x[kChunks];
  UNROLL
  for (int k = 0; k < kChunks; ++k) {
    const int chunk = thread_index() + k * threads;  // beyond the end the last, unused
    x[k] = load_eight(row + (chunk < chunks ? chunk : chunks - 1) * 8);
  }
  float sum = 0;
  UNROLL
  for (int i = 0; i < kChunks * 8; ++i) {
    const float square = x[i / 8].v[i % 8] * x[i / 8].v[i % 8];
    sum += thread_index() + i / 8 * threads < chunks ? square : 0;
  }
  const float factor = rsqrt_fast(block_sum(part, sum) / static_cast<float>(a.columns) + a.epsilon);
  UNROLL
  for (int k = 0; k < kChunks; ++k) {
    const int chunk = thread_index() + k * threads;
    const bool is_inside = chunk < chunks;
    const Eight w = load_eight(a.weight + (is_inside ? chunk : chunks - 1) * 8);
    Words4 pairs;
    UNROLL
    for (int p = 0; p < 4; ++p) {
      pairs.v[p] = pack_bf16x2(x[k].v[2 * p] * factor * w.v[2 * p], x[k].v[2 * p + 1] * factor * w.v[2 * p + 1]);
    }
    if (a.order == ColumnOrder::paired) {  // word p of thread t becomes word t of thread p
      exchange_words(pairs.v[0], pairs.v[1], 1, lane);
      exchange_words(pairs.v[2], pairs.v[3], 1, lane);
      exchange_words(pairs.v[0], pairs.v[2], 2, lane);
      exchange_words(pairs.v[1], pairs.v[3], 2, lane);
    }
    // of a core row, whose first word is in either order that of the same thread
    const int pair = a.order == ColumnOrder::plain ? chunk * 4 : chunk / 4 * 16 + chunk % 4;
    if (is_inside) {
      *reinterpret_cast<Words4*>(a.output + token_pair_offset(a.order, token, pair, a.columns / kTokenTile)) = pairs;
    }
  }
}

}  // namespace estoc::gpu
