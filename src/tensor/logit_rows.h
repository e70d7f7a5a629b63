// Where a model leaves the logits of a batch, and which tokens it may choose itself. Views only; plain data.
//
// A model whose logits are in a device's memory saves the way of a whole vocabulary to the host where nothing but a
// token is wanted. One that does not choose (the CPU's) leaves `token` empty and the row in `values`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/ids.h"

namespace estoc {

// How a token is chosen from a row as the model left it: the steps of sampling/sampler.h that need nothing but the row.
struct RowDraw {
  float temperature = 0;            // 0: the largest logit, the smallest id among equals
  float top_p = 1;                  // 1: no cut
  float min_p = 0;                  // 0: no cut
  int top_k = 0;                    // 0: no cut
  uint64_t seed = 0, position = 0;  // the draw is number `position` of the seed
};

struct RowChoice {
  std::optional<RowDraw> draw;   // absent: the logits are wanted
  std::optional<TokenId> token;  // filled in by a model that chose: then the row of `values` is not written
};

struct LogitRows {
  // Not explicit: most callers want the values of all rows.
  LogitRows(float* values, std::span<RowChoice> choices = {}) : values(values), choices(choices) {}

  float* values;                 // [rows][vocab] f32
  std::span<RowChoice> choices;  // one a row, or none
};

}  // namespace estoc
