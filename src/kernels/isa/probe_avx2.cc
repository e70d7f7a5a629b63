// Loops that measure what AVX2 with FMA can do. Built with its own flags; see avx2.cc for what may be included.
#include <immintrin.h>

#include "kernels/probe.h"

namespace estoc::kernels {
namespace {

constexpr int kSums = 12;  // independent chains: more than latency times units asks for, fewer than the registers

// AVX2 has no dot instruction: three instructions stand for one.
uint64_t int8_rounds(int64_t rounds) noexcept {
  __m256i sums[kSums];
  for (auto& sum : sums) sum = _mm256_setzero_si256();
  __m256i weights = _mm256_set1_epi8(7), codes = _mm256_set1_epi8(-3);
  const __m256i ones = _mm256_set1_epi16(1);
  for (int64_t i = 0; i < rounds; ++i) {
    for (auto& sum : sums) {
      asm volatile("" : "+x"(weights), "+x"(codes));  // as if loaded anew: each product is computed
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(weights, codes), ones));
    }
  }
  for (int i = 1; i < kSums; ++i) sums[0] = _mm256_add_epi32(sums[0], sums[i]);
  return static_cast<uint64_t>(_mm256_extract_epi64(sums[0], 0));
}

uint64_t f32_rounds(int64_t rounds) noexcept {
  __m256 sums[kSums];
  for (auto& sum : sums) sum = _mm256_setzero_ps();
  const __m256 a = _mm256_set1_ps(1.5f), b = _mm256_set1_ps(0.25f);
  for (int64_t i = 0; i < rounds; ++i) {
    for (auto& sum : sums) sum = _mm256_fmadd_ps(a, b, sum);
  }
  for (int i = 1; i < kSums; ++i) sums[0] = _mm256_add_ps(sums[0], sums[i]);
  return static_cast<uint64_t>(_mm256_extract_epi64(_mm256_castps_si256(sums[0]), 0));
}

uint64_t read(const std::byte* memory, size_t bytes) noexcept {
  __m256i sums[8];
  for (auto& sum : sums) sum = _mm256_setzero_si256();
  for (size_t at = 0; at < bytes; at += sizeof sums) {
    for (int i = 0; i < 8; ++i) {
      sums[i] = _mm256_xor_si256(sums[i], _mm256_loadu_si256(reinterpret_cast<const __m256i*>(memory + at) + i));
    }
  }
  for (int i = 1; i < 8; ++i) sums[0] = _mm256_xor_si256(sums[0], sums[i]);
  return static_cast<uint64_t>(_mm256_extract_epi64(sums[0], 0));
}

}  // namespace

extern const ProbeLoops probe_avx2;
constinit const ProbeLoops probe_avx2 = {
    .int8 = {int8_rounds, kSums * 32}, .f32 = {f32_rounds, kSums * 8}, .bf16 = {}, .read = read};

}  // namespace estoc::kernels
