// The kernels that models on a device are computed with, at the shapes of an 8B and a 0.6B model, each launched as a
// model would launch it. The one list: of the benchmark on a card and of its test in the emulator.
//
// Values. What a shape makes borrows device and module.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gpu/trials/trial.h"

namespace estoc::gpu {

struct KernelShape {
  std::string kernel, what;  // "linear_codes4_gated", "8B x 8"
  std::function<Trial(Random&)> make;
};

// `is_small`: a tiny model instead, for the emulator and for sanitizers.
std::vector<KernelShape> kernel_shapes(const Device& device, const Module& module, bool is_small);

}  // namespace estoc::gpu
