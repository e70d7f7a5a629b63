// A router's product (router_logits.h): a warp has some experts' weights and meets all rows of its block with them.
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/router_logits.h"

namespace estoc::gpu {

// Four columns of each lane.
struct RouterChunk {
  float v[4];
};
DEVICE RouterChunk router_chunk(const float* from, int column) {
  RouterChunk chunk;
  load_f32x4(chunk.v, from + column);
  return chunk;
}

DEVICE float sum_of_warp(float x) {
  UNROLL
  for (int mask = 16; mask > 0; mask >>= 1) x += shuffle_xor(x, mask);
  return x;
}

// The normed row as experts' products read it; by a warp.
DEVICE void store_normed(const RouterLogitsArguments& a, int row, float factor, int lane) {
  const float* from = a.residual + static_cast<long>(row) * a.columns;
  for (int column = lane * 4; column < a.columns; column += 4 * kWarp) {
    const RouterChunk x = router_chunk(from, column), norm = router_chunk(a.norm, column);
    Words2 both;
    UNROLL
    for (int i = 0; i < 2; ++i) {
      both.v[i] = pack_bf16x2(x.v[2 * i] * norm.v[2 * i] * factor, x.v[2 * i + 1] * norm.v[2 * i + 1] * factor);
    }
    *reinterpret_cast<Words2*>(a.inputs + static_cast<long>(row) * a.columns + column) = both;
  }
}

// kOutputs experts of a warp, kRows rows of a block. A row's bits do not depend on the others.
template <int kOutputs, int kRows>
DEVICE void router_logits(const RouterLogitsArguments& a) {
  grid_release();
  grid_wait();
  constexpr int kWarps = kRouterThreads / kWarp;
  const int lane = thread_index() % kWarp, warp = block_index() * kWarps + thread_index() / kWarp;
  const int first_output = warp * kOutputs, first_row = block_index_y() * kRows;
  const int rows = a.count - first_row < kRows ? a.count - first_row : kRows;
  float sums[kOutputs][kRows], squares[kRows];
  UNROLL
  for (int r = 0; r < kRows; ++r) {
    squares[r] = 0;
    UNROLL
    for (int e = 0; e < kOutputs; ++e) sums[e][r] = 0;
  }
  constexpr int kAhead = kRows == 1 ? 4 : 1;  // chunks on the way at once
  for (int begin = lane * 4; begin < a.columns; begin += kAhead * 4 * kWarp) {
    RouterChunk weights[kAhead][kOutputs], norms[kAhead];
    UNROLL
    for (int k = 0; k < kAhead; ++k) {
      const int column = begin + k * 4 * kWarp, safe = column < a.columns ? column : lane * 4;
      norms[k] = router_chunk(a.norm, safe < a.columns ? safe : 0);
      UNROLL
      for (int e = 0; e < kOutputs; ++e) {  // beyond the last the last, unused
        const int output = first_output + e < a.outputs ? first_output + e : a.outputs - 1;
        weights[k][e] = router_chunk(a.weights + static_cast<long>(output) * a.columns, safe < a.columns ? safe : 0);
      }
    }
    UNROLL
    for (int k = 0; k < kAhead; ++k) {
      const int column = begin + k * 4 * kWarp;
      if (column >= a.columns) continue;
      UNROLL
      for (int r = 0; r < kRows; ++r) {
        if (r >= rows) continue;
        const RouterChunk x = router_chunk(a.residual + static_cast<long>(first_row + r) * a.columns, column);
        UNROLL
        for (int i = 0; i < 4; ++i) {
          squares[r] += x.v[i] * x.v[i];
          const float normed = x.v[i] * norms[k].v[i];
          UNROLL
          for (int e = 0; e < kOutputs; ++e) sums[e][r] += normed * weights[k][e].v[i];
        }
      }
    }
  }
  UNROLL
  for (int r = 0; r < kRows; ++r) {
    if (r >= rows) continue;
    const float factor = rsqrt_fast(sum_of_warp(squares[r]) / static_cast<float>(a.columns) + a.epsilon);
    UNROLL
    for (int e = 0; e < kOutputs; ++e) {
      const float sum = sum_of_warp(sums[e][r]);
      const int output = first_output + e;
      if (lane == 0 && output < a.outputs) {
        const float bias = a.bias != nullptr ? a.bias[output] : 0;
        a.logits[static_cast<long>(first_row + r) * a.outputs + output] = sum * factor + bias;
      }
    }
    // All warps of the grid know all rows' factors where there are few: each stores some.
    if (a.inputs != nullptr && r % (grid_blocks() * kWarps) == warp) store_normed(a, first_row + r, factor, lane);
  }
}

KERNEL(kRouterThreads, 1, router_logits_1, (RouterLogitsArguments a)) { router_logits<1, 1>(a); }
KERNEL(kRouterThreads, 1, router_logits_16, (RouterLogitsArguments a)) { router_logits<1, 16>(a); }
KERNEL(kRouterThreads, 1, router_logits_many, (RouterLogitsArguments a)) { router_logits<4, 8>(a); }

}  // namespace estoc::gpu
