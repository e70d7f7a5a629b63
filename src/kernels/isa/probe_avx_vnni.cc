// The loop that measures 256-bit VNNI. Built with its own flags; see avx2.cc for what may be included.
#include <immintrin.h>

#include "kernels/probe.h"

namespace estoc::kernels {
namespace {

constexpr int kSums = 12;

uint64_t int8_rounds(int64_t rounds) noexcept {
  __m256i sums[kSums];
  for (auto& sum : sums) sum = _mm256_setzero_si256();
  const __m256i weights = _mm256_set1_epi8(7), codes = _mm256_set1_epi8(-3);
  for (int64_t i = 0; i < rounds; ++i) {
    for (auto& sum : sums) sum = _mm256_dpbusd_avx_epi32(sum, weights, codes);
  }
  for (int i = 1; i < kSums; ++i) sums[0] = _mm256_add_epi32(sums[0], sums[i]);
  return static_cast<uint64_t>(_mm256_extract_epi64(sums[0], 0));
}

}  // namespace

extern const ProbeLoops probe_avx_vnni;
constinit const ProbeLoops probe_avx_vnni = {.int8 = {int8_rounds, kSums * 32}, .f32 = {}, .bf16 = {}, .read = nullptr};

}  // namespace estoc::kernels
