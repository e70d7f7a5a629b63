// A Mamba layer's inside against a reference in double (checks.h): all of its launches but the products between them.
#pragma once

#include "gpu/source/selective_scan.h"
#include "gpu/trials/state_batches.h"

namespace estoc::gpu {

struct ScanCase {
  ScanShape shape = {.columns = 64, .state_size = 16, .step_rank = 8, .conv_width = 4};
  bool has_norms = false;
  StateCase states;
};
Check check_selective_scan(const Device& device, const Module& module, const ScanCase& c, Random& random);
Trial selective_scan_trial(const Device& device, const Module& module, const ScanCase& c, Random& random);

}  // namespace estoc::gpu
