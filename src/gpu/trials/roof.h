// What a card can do at best, by kernels that do nothing else: the rates beside which all others stand.
//
// Threads: the device's one. Errors: those of the device.
#pragma once

#include <vector>

#include "gpu/trials/checks.h"
#include "gpu/trials/trial.h"

namespace estoc::gpu {

struct Roofs {
  double read = 0, copy = 0;  // bytes a second; copied ones count twice, as read and as written
  double products = 0;        // of bf16 into f32 by matrix units: operations a second
  std::vector<Check> checks;  // of what was copied and multiplied

  // The least time for so much work, and what holds it up: "read" or "products".
  double seconds(const TrialWork& work) const;
  const char* limit_of(const TrialWork& work) const;
};

// `is_small`: sizes for the emulator and for sanitizers, whose rates mean nothing.
Roofs measure_roofs(const Device& device, const Module& module, bool is_small, Random& random);

}  // namespace estoc::gpu
