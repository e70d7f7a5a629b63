// Sampling on the device against the CPU's sampler; see checks.h.
#pragma once

#include "gpu/trials/checks.h"
#include "sampling/params.h"

namespace estoc::gpu {

// How a row's logits are spread: like a model's over its vocabulary (most far below some), a bell, few values for many
// tokens, all equal, one finite, none above -inf, one infinite.
enum class LogitSpread { text, bell, coarse, equal, single, none, infinite };
inline constexpr int kLogitSpreads = 7;
std::vector<float> draw_logits(Random& random, LogitSpread spread, int columns);

// Parameters of any kind, cuts that cut nothing and all but one among them.
SamplingParams draw_sampling(Random& random);

// Rows that are spread so and want that: as many of both.
struct SampleCase {
  int columns = 1000;
  std::vector<LogitSpread> spreads;
  std::vector<SamplingParams> params;
};
// The error is that of check_sample. Both launches that choose tokens.
Trial sample_trial(const Device& device, const Module& module, const SampleCase& c, Random& random);

// A row of each spread, each with `each` parameters. The error is the number of tokens that the CPU would not draw, nor
// would when the draw were by 2e-5 another one; and 1 more when other than the CPU's are not rare.
Check check_sample(const Device& device, const Module& module, int columns, int each, Random& random);

}  // namespace estoc::gpu
