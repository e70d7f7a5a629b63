// The loops over a whole row of logits, compiled for the vector width of the CPU at hand.
//
// What: plain loops without intrinsics; one function each for the base instruction set, AVX2 and AVX-512, chosen at the
// first call. Sums run in 16 lanes at every width and nothing is fused, so all give the same bits.
// Plain functions, any thread. Errors: none.
#pragma once

#include <cstddef>
#include <span>

namespace estoc {

inline constexpr size_t kLogitTile = 64;

// Rows are given by `count` whole tiles of 64 logits.
struct LogitLoops {
  const char* name;
  // maxima[t] = the largest of tile t; -inf where there is nothing above it. NaN counts as -inf.
  void (*maxima)(const float* logits, size_t count, float* maxima);
  // sums[t] = sum of exp((x - max) * scale) over the x >= bound of tile t; 0 where maxima[t] < bound.
  void (*exp_sums)(const float* logits, const float* maxima, size_t count, float max, float bound, float scale,
                   float* sums);
  // How many are above `value`.
  size_t (*count_above)(const float* logits, size_t count, float value);
};

// The widest that this CPU has.
const LogitLoops& logit_loops();
// All that this CPU has, for tests.
std::span<const LogitLoops* const> all_logit_loops();

}  // namespace estoc
