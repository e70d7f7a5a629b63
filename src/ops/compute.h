// What every op needs to run: the threads and the kernels. Borrowed, cheap to pass.
#pragma once

#include "base/thread_team.h"
#include "kernels/kernels.h"

namespace estoc {

struct Compute {
  ThreadTeam& team;
  const kernels::Kernels& kernels;
  bool has_wide_activations = true;  // two planes of activation codes, 16 bits, instead of 8 bits
  // A row's result must not depend on the other rows of the batch: one kernel whatever their number.
  bool is_deterministic = false;
};

}  // namespace estoc
