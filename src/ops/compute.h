// What every op needs to run: the threads and the kernels. Borrowed, cheap to pass.
#pragma once

#include <cstdint>
#include <string>

#include "base/thread_team.h"
#include "kernels/kernels.h"

namespace estoc {

class Profile;

struct Compute {
  ThreadTeam& team;
  const kernels::Kernels& kernels;
  bool has_wide_activations = true;  // two planes of activation codes, 16 bits, instead of 8 bits
  // A row's result has the same bits whatever other rows are computed with it: one way of computing for every number of
  // rows, and divisions of work that do not depend on the batch. Costs speed.
  bool is_deterministic = false;
  Profile* profile = nullptr;  // is told where time goes; mostly nobody asks

  // Whether row-wise work on so many elements takes longer than a fork-join costs.
  static constexpr bool is_worth_splitting(int64_t elements) { return elements >= 4 << 10; }
};

// The team's threads with the best kernels of this CPU, or those that --isa chose.
Compute default_compute(ThreadTeam& team);
// As `base`, with the kernels of one level, by its name ("scalar"). Throws Error{invalid_argument, unsupported}.
Compute compute_of(const Compute& base, const std::string& level);

}  // namespace estoc
