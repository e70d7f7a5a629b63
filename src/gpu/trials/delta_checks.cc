#include "gpu/trials/delta_checks.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "gpu/trials/prompt_checks.h"
#include "gpu/trials/trial.h"

namespace estoc::gpu {
namespace {

constexpr float kEpsilon = 1e-6f;

// All rows of one sequence, of both batches.
class Sequence {
 public:
  Sequence(const DeltaNetShape& shape, const std::vector<float>& taps, const std::vector<float>& rate,
           const std::vector<float>& bias, const std::vector<float>& norm)
      : s_(shape),
        taps_(taps),
        rate_(rate),
        bias_(bias),
        norm_(norm),
        memory_(static_cast<size_t>(shape.value_heads * shape.key_dim * shape.value_dim)) {}

  // What the next row gives: [value columns].
  std::vector<double> next(const float* inputs);

 private:
  const DeltaNetShape s_;
  const std::vector<float>&taps_, &rate_, &bias_, &norm_;
  std::vector<double> memory_;               // [value head][key_dim][value_dim]
  std::vector<std::vector<float>> history_;  // [row][columns of q, k and v]
};

std::vector<double> normed(const double* x, int count, double scale) {
  double squares = 0;
  for (int i = 0; i < count; ++i) squares += x[i] * x[i];
  std::vector<double> y(x, x + count);
  for (double& value : y) value *= scale / std::sqrt(squares + 1e-6);
  return y;
}

std::vector<double> Sequence::next(const float* inputs) {
  const int columns = delta_conv_columns(s_), values = delta_value_columns(s_);
  history_.emplace_back(inputs, inputs + columns);
  std::vector<double> convolved(static_cast<size_t>(columns));
  for (int c = 0; c < columns; ++c) {
    double sum = 0;
    for (int k = 0; k < s_.conv_width; ++k) {
      const int row = static_cast<int>(history_.size()) - s_.conv_width + k;
      if (row >= 0) sum += double{taps_[k * columns + c]} * history_[row][c];
    }
    convolved[c] = sum / (1 + std::exp(-sum));
  }
  std::vector<double> output;
  for (int h = 0; h < s_.value_heads; ++h) {
    const int key_head = s_.are_heads_in_turn != 0 ? h % s_.key_heads : h / (s_.value_heads / s_.key_heads);
    const auto q = normed(&convolved[key_head * s_.key_dim], s_.key_dim, 1 / std::sqrt(double(s_.key_dim)));
    const auto k = normed(&convolved[delta_key_columns(s_) + key_head * s_.key_dim], s_.key_dim, 1);
    const double* v = &convolved[2 * delta_key_columns(s_) + h * s_.value_dim];
    const double a = inputs[columns + values + h], b = inputs[columns + values + s_.value_heads + h];
    const double decay = std::exp(-rate_[h] * std::log1p(std::exp(a + bias_[h]))), beta = 1 / (1 + std::exp(-b));
    double* memory = &memory_[static_cast<size_t>(h * s_.key_dim * s_.value_dim)];
    std::vector<double> answer(static_cast<size_t>(s_.value_dim));
    for (int c = 0; c < s_.value_dim; ++c) {
      double foreseen = 0;
      for (int i = 0; i < s_.key_dim; ++i) foreseen += (memory[i * s_.value_dim + c] *= decay) * k[i];
      for (int i = 0; i < s_.key_dim; ++i) {
        memory[i * s_.value_dim + c] += k[i] * beta * (v[c] - foreseen);
        answer[c] += memory[i * s_.value_dim + c] * q[i];
      }
    }
    double squares = 0;
    for (const double x : answer) squares += x * x;
    for (int c = 0; c < s_.value_dim; ++c) {
      const double z = inputs[columns + h * s_.value_dim + c];
      output.push_back(answer[c] / std::sqrt(squares / s_.value_dim + kEpsilon) * norm_[c] * z / (1 + std::exp(-z)));
    }
  }
  return output;
}

// One batch: rows of all sequences, one after the other.
struct Batch {
  std::vector<float> inputs;
  std::vector<int> positions, first_rows, table_starts;
  std::vector<DeltaSequence> sequences;
  int rows() const { return static_cast<int>(positions.size()); }
};

Batch draw_batch(const DeltaNetShape& shape, const std::vector<int>& rows, const std::vector<int>& before,
                 Random& random) {
  Batch batch;
  for (size_t s = 0; s < rows.size(); ++s) {
    const int first = batch.rows();
    batch.sequences.push_back({first, rows[s]});
    for (int r = 0; r < rows[s]; ++r) {
      batch.positions.push_back(before[s] + r);
      batch.first_rows.push_back(first);
      batch.table_starts.push_back(static_cast<int>(s));
    }
  }
  batch.inputs = draw_floats(random, static_cast<size_t>(batch.rows()) * static_cast<size_t>(delta_inputs(shape)));
  return batch;
}

std::vector<float> draw_positive(Random& random, int count) {
  auto values = draw_floats(random, static_cast<size_t>(count));
  for (float& value : values) value = std::exp(value);
  return values;
}

class DeltaTrial {
 public:
  DeltaTrial(const Device& device, const Module& module, const DeltaCase& c, Random& random)
      : device_(device),
        module_(module),
        c_(c),
        taps_(draw_floats(random, static_cast<size_t>(c.shape.conv_width * delta_conv_columns(c.shape)), 0.6f)),
        rate_(draw_positive(random, c.shape.value_heads)),
        bias_(draw_floats(random, static_cast<size_t>(c.shape.value_heads))),
        norm_(draw_floats(random, static_cast<size_t>(c.shape.value_dim))),
        batches_{draw_batch(c.shape, c.rows, std::vector<int>(c.rows.size()), random),
                 draw_batch(c.shape, c.further, c.rows, random)},
        rows_(std::max(batches_[0].rows(), batches_[1].rows())),
        device_taps_(Buffer::of(device, taps_)),
        device_rate_(Buffer::of(device, rate_)),
        device_bias_(Buffer::of(device, bias_)),
        device_norm_(Buffer::of(device, norm_)),
        inputs_{Buffer::of(device, batches_[0].inputs), Buffer::of(device, batches_[1].inputs)},
        positions_{Buffer::of(device, batches_[0].positions), Buffer::of(device, batches_[1].positions)},
        first_rows_{Buffer::of(device, batches_[0].first_rows), Buffer::of(device, batches_[1].first_rows)},
        starts_{Buffer::of(device, batches_[0].table_starts), Buffer::of(device, batches_[1].table_starts)},
        sequences_{Buffer::of(device, batches_[0].sequences), Buffer::of(device, batches_[1].sequences)},
        tables_(Buffer::of(device, blocks())),
        states_(device, (c.rows.size() + 1) * static_cast<size_t>(delta_state_bytes(c.shape))),
        convolved_(device, static_cast<size_t>(rows_ * delta_conv_columns(c.shape)) * 4),
        output_(device, static_cast<size_t>((rows_ + 63) / 64 * 64 * delta_value_columns(c.shape)) * 2) {}

  void launch(int turn) { run(turn % 2); }
  Check check();

 private:
  // Sequences' states stand in reverse, behind somebody else's.
  std::vector<uint32_t> blocks() const {
    std::vector<uint32_t> ids(c_.rows.size());
    for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<uint32_t>(ids.size() - i);
    return ids;
  }
  // Whether a batch has a row of each sequence: then nothing says whose rows are whose.
  bool is_decode(int batch) const {
    return batches_[batch].rows() == static_cast<int>(batches_[batch].sequences.size());
  }
  void run(int batch) const;

  const Device& device_;
  const Module& module_;
  const DeltaCase c_;
  const std::vector<float> taps_, rate_, bias_, norm_;
  const Batch batches_[2];
  const int rows_;
  Buffer device_taps_, device_rate_, device_bias_, device_norm_, inputs_[2], positions_[2], first_rows_[2], starts_[2],
      sequences_[2], tables_, states_, convolved_, output_;
};

void DeltaTrial::run(int batch) const {
  const DeltaNetShape& s = c_.shape;
  const bool is_decode_step = is_decode(batch);
  const DeltaNetArguments a{.shape = s,
                            .inputs = inputs_[batch].as<float>(),
                            .convolved = convolved_.as<float>(),
                            .taps = device_taps_.as<float>(),
                            .decay_rate = device_rate_.as<float>(),
                            .decay_bias = device_bias_.as<float>(),
                            .norm = device_norm_.as<float>(),
                            .epsilon = kEpsilon,
                            .states = states_.as<u8>(),
                            .block_stride = delta_state_bytes(s),
                            .tables = tables_.as<u32>(),
                            .table_starts = is_decode_step ? nullptr : starts_[batch].as<int>(),
                            .positions = positions_[batch].as<int>(),
                            .sequences = is_decode_step ? nullptr : sequences_[batch].as<DeltaSequence>(),
                            .first_rows = is_decode_step ? nullptr : first_rows_[batch].as<int>(),
                            .output = output_.as<u16>(),
                            .output_tiles = c_.has_tiles ? delta_value_columns(s) / kTokenTile : 0,
                            .order = ColumnOrder::paired};
  const int rows = batches_[batch].rows(), sequences = static_cast<int>(batches_[batch].sequences.size());
  gpu::launch(device_, module_.function("delta_conv"),
              {.blocks = delta_conv_blocks(s), .blocks_y = rows, .threads = kDeltaConvThreads}, a);
  gpu::launch(device_, module_.function("delta_rule"),
              {.blocks = s.value_heads * delta_parts(s.value_dim), .blocks_y = sequences, .threads = kDeltaRuleThreads},
              a);
  gpu::launch(device_, module_.function("delta_norm"),
              {.blocks = s.value_heads, .blocks_y = rows, .threads = kDeltaNormThreads}, a);
}

Check DeltaTrial::check() {
  const int columns = delta_value_columns(c_.shape);
  states_.fill(kPoison);  // a sequence's first row finds what somebody else has left
  std::vector<Sequence> sequences(c_.rows.size(), Sequence(c_.shape, taps_, rate_, bias_, norm_));
  ErrorSum error;
  for (int batch = 0; batch < 2; ++batch) {
    output_.fill(kPoisonBf16);
    run(batch);
    const auto rows = output_.values<uint16_t>();
    const auto tiles = output_.values<uint8_t>();
    for (size_t s = 0; s < sequences.size(); ++s) {
      const DeltaSequence& sequence = batches_[batch].sequences[s];
      for (int row = sequence.first; row < sequence.first + sequence.rows; ++row) {
        const auto wanted =
            sequences[s].next(&batches_[batch].inputs[static_cast<size_t>(row * delta_inputs(c_.shape))]);
        for (int i = 0; i < columns; ++i) {
          error.add(c_.has_tiles ? token_tile_value(tiles, columns, ColumnOrder::paired, row, i)
                                 : bf16_to_f32(rows[static_cast<size_t>(row * columns + i)]),
                    wanted[i]);
        }
      }
    }
  }
  const DeltaNetShape& s = c_.shape;
  return {"delta net, " + std::to_string(s.key_heads) + "/" + std::to_string(s.value_heads) + " heads of " +
              std::to_string(s.key_dim) + "/" + std::to_string(s.value_dim) + ", " +
              std::to_string(batches_[0].rows()) + " and " + std::to_string(batches_[1].rows()) + " rows of " +
              std::to_string(c_.rows.size()),
          error.relative(), 4e-3};
}

}  // namespace

Trial delta_net_trial(const Device& device, const Module& module, const DeltaCase& c, Random& random) {
  const double rows = std::accumulate(c.further.begin(), c.further.end(), 0);
  const double states = 2.0 * static_cast<double>(c.further.size()) * static_cast<double>(delta_state_bytes(c.shape));
  return trial_of(std::make_shared<DeltaTrial>(device, module, c, random),
                  {.bytes = states + rows * 4 * (delta_inputs(c.shape) + 4.0 * delta_conv_columns(c.shape))});
}

Check check_delta_net(const Device& device, const Module& module, const DeltaCase& c, Random& random) {
  return DeltaTrial(device, module, c, random).check();
}

}  // namespace estoc::gpu
