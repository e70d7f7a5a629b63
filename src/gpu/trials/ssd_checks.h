// A Mamba-2 layer's inside against a reference in double (checks.h): all of its launches.
#pragma once

#include "gpu/source/ssd.h"
#include "gpu/trials/state_batches.h"

namespace estoc::gpu {

struct SsdCase {
  SsdShape shape = {.heads = 4, .head_dim = 24, .groups = 2, .state_size = 16, .conv_width = 4};
  bool is_gate_first = true, has_norm = true;
  StateCase states;
};
Check check_ssd(const Device& device, const Module& module, const SsdCase& c, Random& random);
Trial ssd_trial(const Device& device, const Module& module, const SsdCase& c, Random& random);

}  // namespace estoc::gpu
