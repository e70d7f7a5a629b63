// The rate of a card's matrix units (matrix_rate.h).
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/gemm.cu.h"
#include "gpu/source/gemm_mma.cu.h"
#include "gpu/source/matrix_rate.h"

namespace estoc::gpu {

// Where a thread's sums belong, of 64 rows a group of 128 threads, as in gemm_tile.cu.h.
template <int N>
DEVICE void matrix_rate_store(const float (&sum)[N / 2], const MatrixRateArguments& a) {
  const int lane = thread_index() % kWarp, row = thread_index() / kWarp * 16 + lane / 4;
  float* output = a.output + static_cast<long>(block_index()) * N * kMatrixRateRows + row;
  UNROLL
  for (int i = 0; i < N / 2; ++i) {
    output[(i / 4 * 8 + lane % 4 * 2 + i % 2) * kMatrixRateRows + i % 4 / 2 * 8] = sum[i];
  }
}

#if defined(HAS_WGMMA)
// As products do it: one is begun before the one before it is waited for.
KERNEL(kMatrixRateThreads, 1, matrix_rate_bf16, (MatrixRateArguments a)) {
  constexpr WeightForm kForm = WeightForm::bf16;
  constexpr int kTokens = 256, kWeightBytes = kMatrixRateRows / kTileRows * unit_code_bytes(kForm);
  constexpr int kBytes = kWeightBytes + kTokens / kTokenTile * kTokenTileBytes;
  DYNAMIC_SHARED(stage);
  grid_release();
  grid_wait();
  for (int at = thread_index() * 16; at < kBytes; at += kMatrixRateThreads * 16) {
    store_shared(stage + at, load_words4(at < kWeightBytes ? a.weights + at : a.inputs + (at - kWeightBytes)));
  }
  fence_async();
  sync_block();
  const u64 w = tile_descriptor(stage + thread_index() / 128 * 4 * unit_code_bytes(kForm), 128, 1024, Swizzle::none);
  const auto weight = [&](int k) { return w + k * 16; };
  float sum[kTokens / 2];
  gemm_multiply<kForm, kTokens, 4>(sum, stage, false, weight);
  for (int round = 1; round < a.rounds; ++round) {
    gemm_multiply<kForm, kTokens, 4>(sum, stage, true, weight);
    wgmma_wait<1>();
  }
  wgmma_wait<0>();
  wgmma_hold(sum);
  matrix_rate_store<kTokens>(sum, a);
}
#endif

#if defined(IS_EMULATED) || !defined(HAS_WGMMA)
// A warp multiplies 16 rows by 64 tokens; each of its sums waits for its own last product only.
DEVICE void matrix_rate_by_warps(const MatrixRateArguments& a) {
  constexpr WeightForm kForm = WeightForm::bf16;
  constexpr int kTokens = 64;
  const int lane = thread_index() % kWarp;
  grid_release();
  grid_wait();
  const u8* tile_row = a.weights + thread_index() / kWarp * tile_row_bytes(kForm, kMatrixRateColumns);
  GemmFragments<kForm> weights;
  gemm_fragments<kForm>(weights, load_unit<kForm>(lane_source<kForm>(tile_row, 1, 0, lane), 0));
  const u8* words = a.inputs + lane % 4 * 128 + lane / 4 * 16;
  Words2 x[4][kTokens / 8];
  UNROLL
  for (int k = 0; k < 4; ++k) {
    UNROLL
    for (int n = 0; n < kTokens / 8; ++n) x[k][n] = token_pairs<kForm>(words + n * 1024, k);
  }
  float sum[kTokens / 2];
  UNROLL
  for (int i = 0; i < kTokens / 2; ++i) sum[i] = 0;
  for (int round = 0; round < a.rounds; ++round) {
    UNROLL
    for (int k = 0; k < 4; ++k) {
      UNROLL
      for (int n = 0; n < kTokens / 8; ++n) {
        mma_bf16(*reinterpret_cast<float(*)[4]>(&sum[4 * n]), weights[k], x[k][n].v[0], x[k][n].v[1]);
      }
    }
  }
  matrix_rate_store<kTokens>(sum, a);
}
#if defined(HAS_WGMMA)
KERNEL(kMatrixRateThreads, 1, matrix_rate_mma_bf16, (MatrixRateArguments a)) { matrix_rate_by_warps(a); }
#else
KERNEL(kMatrixRateThreads, 1, matrix_rate_bf16, (MatrixRateArguments a)) { matrix_rate_by_warps(a); }
#endif
#endif

}  // namespace estoc::gpu
