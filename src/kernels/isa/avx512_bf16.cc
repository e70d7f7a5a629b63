// AVX-512 with BF16 dot products. Built with its own flags; see avx512.cc for what may be included.
//
// Only bf16 weights gain: vdpbf16ps takes two columns a lane, and the activations are rounded to bf16 as the weights
// were. The other types keep the AVX-512 code.
#include <immintrin.h>

#include <type_traits>

#include "kernels/kernels.h"

namespace estoc::kernels {
namespace {

#include "kernels/simd/vec_avx512.h"

#include "kernels/dense.inl.h"

// 32 columns at a time of kRows activation rows against kWeights weight rows.
template <int kWeights, int kRows>
inline void bf16_tile(const std::byte* w, int64_t w_stride_bytes, int64_t columns, const float* x, int64_t x_stride,
                      const ProductRows& out, int64_t ahead) {
  __m512 sums[kRows][kWeights];
  for (int r = 0; r < kRows; ++r) {
    for (int n = 0; n < kWeights; ++n) sums[r][n] = _mm512_setzero_ps();
  }
  for (int64_t k = 0; k < columns; k += 32) {
    __m512bh weights[kWeights];
    for (int n = 0; n < kWeights; ++n) {
      const std::byte* const at = w + n * w_stride_bytes + 2 * k;
      __builtin_prefetch(at + ahead, 0, 2);
      weights[n] = (__m512bh)_mm512_loadu_si512(at);
    }
    for (int r = 0; r < kRows; ++r) {
      const float* row = x + r * x_stride + k;
      const __m512bh activation = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(row + 16), _mm512_loadu_ps(row));
      for (int n = 0; n < kWeights; ++n) sums[r][n] = _mm512_dpbf16_ps(sums[r][n], activation, weights[n]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int n = 0; n < kWeights; ++n) {
      float& target = out.values[r * out.stride + n];
      const float sum = _mm512_reduce_add_ps(sums[r][n]);
      target = out.is_added ? target + sum : sum;
    }
  }
}

void dense_gemm_bf16(Dense type, const void* w, int64_t w_rows, int64_t w_stride_bytes, int64_t columns, const float* x,
                     int64_t x_rows, int64_t x_stride, const ProductRows& out) noexcept {
  if (type != Dense::bf16 || columns % 32 != 0) {
    return dense_gemm(type, w, w_rows, w_stride_bytes, columns, x, x_rows, x_stride, out);
  }
  const auto* bytes = static_cast<const std::byte*>(w);
  const int64_t block_ahead = prefetch_bytes(w_stride_bytes);
  int64_t n = 0;
  for (; n + 4 <= w_rows; n += 4) {
    const std::byte* const rows = bytes + n * w_stride_bytes;
    int64_t r = 0, ahead = block_ahead;  // later rows find the weights in the cache
    for (; r + 4 <= x_rows; r += 4, ahead = 0) {
      bf16_tile<4, 4>(rows, w_stride_bytes, columns, x + r * x_stride, x_stride, out.from(r, n), ahead);
    }
    const auto rest = x_rows - r == 3 ? bf16_tile<4, 3> : x_rows - r == 2 ? bf16_tile<4, 2> : bf16_tile<4, 1>;
    if (r < x_rows) rest(rows, w_stride_bytes, columns, x + r * x_stride, x_stride, out.from(r, n), ahead);
  }
  for (; n < w_rows; ++n) {
    for (int64_t r = 0; r < x_rows; ++r) {
      bf16_tile<1, 1>(bytes + n * w_stride_bytes, w_stride_bytes, columns, x + r * x_stride, x_stride, out.from(r, n),
                      block_ahead);
    }
  }
}

#include "kernels/isa/row_tiles512.h"

#include "kernels/isa/dense_tiles512.h"

#include "kernels/isa/dense_gemm_bf16.h"

}  // namespace

extern const Kernels avx512_bf16;
constinit const Kernels avx512_bf16 = {.name = "avx512_bf16",
                                       .isa = Isa::avx512_bf16,
                                       .has_bf16_dot = true,
                                       .make_row_tiles = make_row_tiles,
                                       .dense_gemm = dense_gemm_bf16,
                                       .dense_tile_rows_min = 16,
                                       .dense_tile_gemm = dense_tile_gemm,
                                       .widen = widen};

}  // namespace estoc::kernels
