// What a request wants of its tokens as sample_rows takes it (source/sample.h), for checks against the CPU's sampler.
// Penalties, bias and masks are not among them.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "gpu/source/sample.h"
#include "sampling/params.h"

namespace estoc::gpu {

// `position` counts the tokens that were sampled with this seed before.
inline SampleRow sample_row_of(const SamplingParams& params, uint64_t seed, uint64_t position) {
  SampleRow row{};
  row.scale = params.temperature < kGreedyBelow ? 0 : 1 / params.temperature;
  row.top_p = params.top_p;
  row.min_p_offset =
      params.min_p > 0 ? params.temperature * std::log(params.min_p) : -std::numeric_limits<float>::infinity();
  row.top_k = params.top_k;
  row.seed = seed;
  row.position = position;
  return row;
}

}  // namespace estoc::gpu
