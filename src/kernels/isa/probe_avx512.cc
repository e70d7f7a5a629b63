// Loops that measure AVX-512 with VNNI. Built with its own flags; see avx512.cc for what may be included.
#include <immintrin.h>

#include "kernels/probe.h"

namespace estoc::kernels {
namespace {

constexpr int kSums = 12;

uint64_t int8_rounds(int64_t rounds) noexcept {
  __m512i sums[kSums];
  for (auto& sum : sums) sum = _mm512_setzero_si512();
  const __m512i weights = _mm512_set1_epi8(7), codes = _mm512_set1_epi8(-3);
  for (int64_t i = 0; i < rounds; ++i) {
    for (auto& sum : sums) sum = _mm512_dpbusd_epi32(sum, weights, codes);
  }
  for (int i = 1; i < kSums; ++i) sums[0] = _mm512_add_epi32(sums[0], sums[i]);
  return static_cast<uint64_t>(_mm512_reduce_add_epi32(sums[0]));
}

uint64_t f32_rounds(int64_t rounds) noexcept {
  __m512 sums[kSums];
  for (auto& sum : sums) sum = _mm512_setzero_ps();
  const __m512 a = _mm512_set1_ps(1.5f), b = _mm512_set1_ps(0.25f);
  for (int64_t i = 0; i < rounds; ++i) {
    for (auto& sum : sums) sum = _mm512_fmadd_ps(a, b, sum);
  }
  for (int i = 1; i < kSums; ++i) sums[0] = _mm512_add_ps(sums[0], sums[i]);
  return static_cast<uint64_t>(_mm512_reduce_add_ps(sums[0]));
}

uint64_t read(const std::byte* memory, size_t bytes) noexcept {
  __m512i sums[8];
  for (auto& sum : sums) sum = _mm512_setzero_si512();
  for (size_t at = 0; at < bytes; at += sizeof sums) {
    for (int i = 0; i < 8; ++i) sums[i] = _mm512_xor_si512(sums[i], _mm512_loadu_si512(memory + at + i * 64));
  }
  for (int i = 1; i < 8; ++i) sums[0] = _mm512_xor_si512(sums[0], sums[i]);
  return static_cast<uint64_t>(_mm512_reduce_add_epi64(sums[0]));
}

}  // namespace

extern const ProbeLoops probe_avx512;
constinit const ProbeLoops probe_avx512 = {
    .int8 = {int8_rounds, kSums * 64}, .f32 = {f32_rounds, kSums * 16}, .bf16 = {}, .read = read};

}  // namespace estoc::kernels
