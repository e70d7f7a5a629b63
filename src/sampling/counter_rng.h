// Random numbers by position: the n-th number of a seed is a function of the seed and n alone.
//
// So a request's tokens do not depend on what else is in the batch, nor on being computed again after a preemption.
// Plain functions, any thread. Source: SplitMix64 (Steele, Lea, Flood 2014), whose n-th state is seed + n * gamma.
#pragma once

#include <cstdint>

namespace estoc {

constexpr uint64_t mix_bits(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

// Uniform 64 bits. The seed is mixed first, so that neighbouring seeds do not give shifted copies of one stream.
constexpr uint64_t random_bits(uint64_t seed, uint64_t n) {
  constexpr uint64_t kGamma = 0x9e3779b97f4a7c15ULL;
  return mix_bits(mix_bits(seed + kGamma) + (n + 1) * kGamma);
}

// Uniform in [0, 1), a multiple of 2^-53.
constexpr double random_unit(uint64_t seed, uint64_t n) {
  return static_cast<double>(random_bits(seed, n) >> 11) * 0x1p-53;
}

}  // namespace estoc
