// Mixtures of experts against references in double (checks.h): the choice by itself, and all launches of a mixture as
// gpu_layers makes them.
#pragma once

#include "gpu/source/route.h"
#include "gpu/trials/checks.h"

namespace estoc::gpu {

struct MixtureCase {
  WeightForm form = WeightForm::bf16;
  RouteRule rule = {.score = RouteScore::softmax,
                    .experts = 8,
                    .chosen = 2,
                    .groups = 1,
                    .groups_kept = 1,
                    .is_normalized = 1,
                    .epsilon = 0,
                    .scale = 1};
  int hidden = 128, width = 64, rows = 1;
  bool is_prompt = false;  // by the kernels for any number of rows
  bool has_biases = false, has_correction = false, has_shared = false;
  bool has_output = false;  // instead of the residual
  float limit = 0;          // of gates
  int sample = 0;           // outputs to compare; 0: all
  bool is_mma = false;      // the emulator's gemm_mma_experts_...
};
// The error is that of the weights; an expert that is not among the best, or a place that is nobody's or twice
// somebody's, makes it NaN.
Check check_routes(const Device& device, const Module& module, const MixtureCase& c, Random& random);
Check check_mixture(const Device& device, const Module& module, const MixtureCase& c, Random& random);
Trial mixture_trial(const Device& device, const Module& module, const MixtureCase& c, Random& random);

}  // namespace estoc::gpu
