// AVX2 with FMA and F16C. Built with its own flags: only intrinsics and plain data may be included here, or code for
// this ISA could leak into shared inline functions and run on CPUs without it.
#include <immintrin.h>

#include "kernels/kernels.h"

namespace estoc::kernels {
namespace {

#include "kernels/simd/vec_avx2.h"

inline int32_t sum_i8_16(const int8_t* codes) {
  const __m256i wide = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes)));
  const __m256i pairs = _mm256_madd_epi16(wide, _mm256_set1_epi16(1));
  __m128i half = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1));
  return _mm_cvtsi128_si32(half);
}

#include "kernels/elementwise.inl.h"

#include "kernels/attention.inl.h"
#include "kernels/dense.inl.h"
#include "kernels/isa/panel_avx2.h"

#include "kernels/panel_gemm.inl.h"

}  // namespace

extern const Kernels avx2;
constinit const Kernels avx2 = {
    .name = "avx2",
    .isa = Isa::avx2,
    .quantize_row = quantize_row,
    .panel_gemm = panel_gemm,
    .dense_gemm = dense_gemm,
    .rms_norm = rms_norm,
    .rope = rope,
    .silu_mul = silu_mul,
    .add = add,
    .attention = attention,
    .to_f16 = to_f16,
};

}  // namespace estoc::kernels
