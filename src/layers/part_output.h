// Where a part of a layer (a mixer, an MLP) leaves its result.
#pragma once

#include "ops/rows.h"

namespace estoc {

struct PartOutput {
  Rows* rows = nullptr;
  bool is_added = false;  // to what the rows have, or instead of it
};

}  // namespace estoc
