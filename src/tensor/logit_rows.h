// Where a model leaves the logits of a batch, and which tokens it may choose itself. Views only; plain data.
//
// A model whose logits are in a device's memory saves the way of a whole vocabulary to the host where only the largest
// is wanted. One that does not choose (the CPU's) leaves `token` empty and the row in `values`.
#pragma once

#include <optional>
#include <span>

#include "base/ids.h"

namespace estoc {

struct RowChoice {
  bool is_greedy = false;  // the largest logit is wanted, the smallest id among equals, and nothing else of the row
  std::optional<TokenId> token;  // filled in by a model that chose: then the row of `values` is not written
};

struct LogitRows {
  // Not explicit: most callers want the values of all rows.
  LogitRows(float* values, std::span<RowChoice> choices = {}) : values(values), choices(choices) {}

  float* values;                 // [rows][vocab] f32
  std::span<RowChoice> choices;  // one a row, or none
};

}  // namespace estoc
