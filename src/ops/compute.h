// What every op needs to run: the threads and the kernels. Borrowed, cheap to pass.
#pragma once

#include "base/thread_team.h"
#include "kernels/kernels.h"

namespace estoc {

struct Compute {
  ThreadTeam& team;
  const kernels::Kernels& kernels;
};

}  // namespace estoc
