// What every op needs to run: the threads and the kernels. Borrowed, cheap to pass.
#pragma once

#include "base/thread_team.h"
#include "kernels/kernels.h"

namespace estoc {

struct Compute {
  ThreadTeam& team;
  const kernels::Kernels& kernels;
  bool has_wide_activations = true;  // two planes of activation codes, about 16 bits, instead of 8 bits
};

}  // namespace estoc
