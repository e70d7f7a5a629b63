// Whose rows of a batch are whose, and where what is kept of a sequence lies: what every kernel of a layer with a fixed
// state takes. A state is a layer's part of a block; before a sequence's first position it is taken to be zero,
// whatever lies there.
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

// Some rows of a batch that are one sequence's.
struct SequenceRows {
  int first, rows;
};

struct StateRows {
  u8* states;                     // this layer's part of block 0
  long block_stride;              // bytes
  const u32* tables;              // the block of a row's sequence is tables[table_starts[row]], or tables[row]
  const int* table_starts;        // [row] or null
  const int* positions;           // [row]
  const SequenceRows* sequences;  // null: each row is one
  const int* first_rows;          // [row] of its sequence in this batch; null: itself
};

}  // namespace estoc::gpu
