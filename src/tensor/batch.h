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
  int position = 0;  // of the first row; rows are consecutive positions
  // Cover positions 0 .. position + row_count - 1; a model with several groups of layers (StateLayout) has as many such
  // tables, one behind the other. What lies before a group's window may not be a block; of a group of fixed states the
  // first is the sequence's.
  std::span<const BlockId> blocks;

  int table_stride = 0;  // from one group's table to the next; 0 when all groups use the same one

  std::span<const BlockId> table(int group) const {
    return blocks.subspan(static_cast<size_t>(group) * static_cast<size_t>(table_stride));
  }
};

struct Batch {
  std::span<const TokenId> tokens;           // [rows]
  std::span<const BatchSequence> sequences;  // cover all rows, in order
  std::span<const int32_t> logit_rows;       // rows whose logits are wanted, ascending
  // [rows], or empty. Of a batch that is begun while the one before is still computed: each row's token is what is
  // chosen for this logit row of that one, and not in `tokens`.
  std::span<const int32_t> chosen_rows = {};
};

}  // namespace estoc
