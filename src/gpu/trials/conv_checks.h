// A gated short convolution's inside against a reference in double (checks.h): all of its launches.
#pragma once

#include "gpu/trials/state_batches.h"

namespace estoc::gpu {

struct ShortConvCase {
  int columns = 64, width = 3;
  bool has_bias = false;
  StateCase states;
};
Check check_short_conv(const Device& device, const Module& module, const ShortConvCase& c, Random& random);
Trial short_conv_trial(const Device& device, const Module& module, const ShortConvCase& c, Random& random);

}  // namespace estoc::gpu
