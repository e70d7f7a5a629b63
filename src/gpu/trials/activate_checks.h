// What an MLP without a gate makes of its rows, against a reference in double (checks.h).
#pragma once

#include "gpu/trials/checks.h"

namespace estoc::gpu {

struct ActivateCase {
  int rows = 1, columns = 64;
  bool is_squared = true;  // or else silu, or gelu by tanh
  bool is_gelu = false;
  bool has_tiles = false;
};
Check check_activate(const Device& device, const Module& module, const ActivateCase& c, Random& random);

}  // namespace estoc::gpu
