// One step's work as the model sees it: rows (tokens) of several sequences, and where their keys and values live.
// Views only; plain data.
#pragma once

#include <cstdint>
#include <span>

#include "base/ids.h"

namespace estoc {

// One sequence's share of a batch.
struct BatchSequence {
  int first_row = 0;  // into Batch::tokens
  int row_count = 0;
  int position = 0;                 // of the first row; rows are consecutive positions
  std::span<const BlockId> blocks;  // cover positions 0 .. position + row_count - 1
};

struct Batch {
  std::span<const TokenId> tokens;           // [rows]
  std::span<const BatchSequence> sequences;  // cover all rows, in order
  std::span<const int32_t> logit_rows;       // rows whose logits are wanted, ascending
};

}  // namespace estoc
