// Work on rows, one by one. Internal to ops.
#pragma once

#include <cstdint>

#include "ops/compute.h"

namespace estoc {

// Runs work(row) for every row: split over the team when there is enough to do.
template <typename Work>
void for_rows(const Compute& compute, int64_t count, int64_t columns, Work&& work) {
  const auto range = [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) work(r);
  };
  if (!Compute::is_worth_splitting(count * columns)) {
    range(0, count, 0);
  } else {
    compute.team.parallel_for(count, 1, range);
  }
}

}  // namespace estoc
