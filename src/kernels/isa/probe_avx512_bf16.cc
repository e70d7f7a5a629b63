// The loop that measures AVX512_BF16. Built with its own flags; see avx512.cc for what may be included.
#include <immintrin.h>

#include "kernels/probe.h"

namespace estoc::kernels {
namespace {

constexpr int kSums = 12;

uint64_t bf16_rounds(int64_t rounds) noexcept {
  __m512 sums[kSums];
  for (auto& sum : sums) sum = _mm512_setzero_ps();
  const auto values = (__m512bh)_mm512_set1_epi16(0x3f00);  // 0.5
  for (int64_t i = 0; i < rounds; ++i) {
    for (auto& sum : sums) sum = _mm512_dpbf16_ps(sum, values, values);
  }
  for (int i = 1; i < kSums; ++i) sums[0] = _mm512_add_ps(sums[0], sums[i]);
  return static_cast<uint64_t>(_mm512_reduce_add_ps(sums[0]));
}

}  // namespace

extern const ProbeLoops probe_avx512_bf16;
constinit const ProbeLoops probe_avx512_bf16 = {
    .int8 = {}, .f32 = {}, .bf16 = {bf16_rounds, kSums * 32}, .read = nullptr};

}  // namespace estoc::kernels
