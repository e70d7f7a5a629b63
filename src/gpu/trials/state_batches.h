// Two batches of rows of the same sequences, the second going on where the first ended: what the kernels of layers with
// a fixed state are checked with, so that what is kept between batches counts too.
//
// Ownership: owns host's and device's side, borrows the device. Threads: the device's one. Errors: as the device's.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "gpu/source/state_rows.h"
#include "gpu/source/token_tile.h"
#include "gpu/trials/checks.h"

namespace estoc::gpu {

struct StateCase {
  std::vector<int> rows = {1};     // of each sequence in the first batch, which begins it
  std::vector<int> further = {1};  // and in the second
  bool has_tiles = false;          // outputs as token tiles
};

class StateBatches {
 public:
  // Inputs are random, `columns` of a row.
  StateBatches(const Device& device, const StateCase& c, int columns, long state_bytes, Random& random);

  int rows(int batch) const { return static_cast<int>(batches_[batch].positions.size()); }
  int rows_max() const { return std::max(rows(0), rows(1)); }
  int sequences(int batch) const { return static_cast<int>(batches_[batch].sequences.size()); }
  // Whether a batch has a row of each sequence: then nothing says whose rows are whose.
  bool is_decode(int batch) const { return rows(batch) == sequences(batch); }
  const float* inputs(int batch) const { return inputs_[batch].as<float>(); }
  const float* row(int batch, int row) const {  // on the host
    return &batches_[batch].inputs[static_cast<size_t>(row) * static_cast<size_t>(columns_)];
  }
  StateRows state_rows(int batch) const;
  // As the case wants outputs of so many columns.
  TokenRows output(const Buffer& to, int columns) const;
  std::string name() const;  // "7 and 3 rows of 2"

  // Runs both and compares each row of `output`, bf16 rows or token tiles of paired columns, with what `next` says
  // behind the sequence's rows so far. A sequence's first row finds what somebody else has left.
  double error(Buffer& output, int output_columns, const std::function<void(int batch)>& run,
               const std::function<std::vector<double>(size_t sequence, const float* inputs)>& next);

 private:
  struct Batch {
    std::vector<float> inputs;
    std::vector<int> positions, first_rows, table_starts;
    std::vector<SequenceRows> sequences;
  };
  static Batch draw(int columns, const std::vector<int>& rows, const std::vector<int>& before, Random& random);
  std::vector<uint32_t> blocks() const;

  const StateCase c_;
  const int columns_;
  const long state_bytes_;
  const Batch batches_[2];
  Buffer inputs_[2], positions_[2], first_rows_[2], starts_[2], sequences_[2], tables_, states_;
};

}  // namespace estoc::gpu
