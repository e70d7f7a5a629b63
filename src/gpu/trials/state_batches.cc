#include "gpu/trials/state_batches.h"

#include <algorithm>

#include "gpu/trials/prompt_checks.h"

namespace estoc::gpu {

StateBatches::Batch StateBatches::draw(int columns, const std::vector<int>& rows, const std::vector<int>& before,
                                       Random& random) {
  Batch batch;
  for (size_t s = 0; s < rows.size(); ++s) {
    const int first = static_cast<int>(batch.positions.size());
    batch.sequences.push_back({first, rows[s]});
    for (int r = 0; r < rows[s]; ++r) {
      batch.positions.push_back(before[s] + r);
      batch.first_rows.push_back(first);
      batch.table_starts.push_back(static_cast<int>(s));
    }
  }
  batch.inputs = draw_floats(random, batch.positions.size() * static_cast<size_t>(columns));
  return batch;
}

// Sequences' states stand in reverse, behind somebody else's.
std::vector<uint32_t> StateBatches::blocks() const {
  std::vector<uint32_t> ids(c_.rows.size());
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<uint32_t>(ids.size() - i);
  return ids;
}

StateBatches::StateBatches(const Device& device, const StateCase& c, int columns, long state_bytes, Random& random)
    : c_(c),
      columns_(columns),
      state_bytes_(state_bytes),
      batches_{draw(columns, c.rows, std::vector<int>(c.rows.size()), random),
               draw(columns, c.further, c.rows, random)},
      inputs_{Buffer::of(device, batches_[0].inputs), Buffer::of(device, batches_[1].inputs)},
      positions_{Buffer::of(device, batches_[0].positions), Buffer::of(device, batches_[1].positions)},
      first_rows_{Buffer::of(device, batches_[0].first_rows), Buffer::of(device, batches_[1].first_rows)},
      starts_{Buffer::of(device, batches_[0].table_starts), Buffer::of(device, batches_[1].table_starts)},
      sequences_{Buffer::of(device, batches_[0].sequences), Buffer::of(device, batches_[1].sequences)},
      tables_(Buffer::of(device, blocks())),
      states_(device, (c.rows.size() + 1) * static_cast<size_t>(state_bytes)) {}

StateRows StateBatches::state_rows(int batch) const {
  const bool is_decode_step = is_decode(batch);
  return {.states = states_.as<u8>(),
          .block_stride = state_bytes_,
          .tables = tables_.as<u32>(),
          .table_starts = is_decode_step ? nullptr : starts_[batch].as<int>(),
          .positions = positions_[batch].as<int>(),
          .sequences = is_decode_step ? nullptr : sequences_[batch].as<SequenceRows>(),
          .first_rows = is_decode_step ? nullptr : first_rows_[batch].as<int>()};
}

TokenRows StateBatches::output(const Buffer& to, int columns) const {
  return {to.as<u16>(), columns, c_.has_tiles ? columns / kTokenTile : 0, ColumnOrder::paired};
}

std::string StateBatches::name() const {
  return std::to_string(rows(0)) + " and " + std::to_string(rows(1)) + " rows of " + std::to_string(c_.rows.size());
}

double StateBatches::error(Buffer& output, int output_columns, const std::function<void(int batch)>& run,
                           const std::function<std::vector<double>(size_t sequence, const float* inputs)>& next) {
  states_.fill(kPoison);
  ErrorSum error;
  for (int batch = 0; batch < 2; ++batch) {
    output.fill(kPoisonBf16);
    run(batch);
    const auto rows = output.values<uint16_t>();
    const auto tiles = output.values<uint8_t>();
    for (size_t s = 0; s < c_.rows.size(); ++s) {
      const SequenceRows& sequence = batches_[batch].sequences[s];
      for (int row = sequence.first; row < sequence.first + sequence.rows; ++row) {
        const auto wanted = next(s, &batches_[batch].inputs[static_cast<size_t>(row) * static_cast<size_t>(columns_)]);
        for (int i = 0; i < output_columns; ++i) {
          error.add(c_.has_tiles ? token_tile_value(tiles, output_columns, ColumnOrder::paired, row, i)
                                 : bf16_to_f32(rows[static_cast<size_t>(row * output_columns + i)]),
                    wanted[static_cast<size_t>(i)]);
        }
      }
    }
  }
  return error.relative();
}

}  // namespace estoc::gpu
