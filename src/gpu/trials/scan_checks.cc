#include "gpu/trials/scan_checks.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "gpu/trials/conv_reference.h"
#include "gpu/trials/trial.h"

namespace estoc::gpu {
namespace {

constexpr float kEpsilon = 1e-6f;

struct Weights {
  std::vector<float> taps, conv_bias, rates, skip, step_norm, b_norm, c_norm;
};

Weights draw_weights(const ScanShape& s, Random& random) {
  const auto columns = static_cast<size_t>(s.columns), states = static_cast<size_t>(s.state_size);
  Weights w{.taps = draw_floats(random, static_cast<size_t>(s.conv_width) * columns, 0.6f),
            .conv_bias = draw_floats(random, columns, 0.2f),
            .rates = draw_floats(random, columns * states),
            .skip = draw_floats(random, columns),
            .step_norm = draw_floats(random, static_cast<size_t>(s.step_rank)),
            .b_norm = draw_floats(random, states),
            .c_norm = draw_floats(random, states)};
  for (float& rate : w.rates) rate = -std::exp(rate);
  return w;
}

// What a row has: x, z, then what products would make of x, narrow steps, b, c, and of narrow steps, raw steps.
int input_columns(const ScanShape& s) { return 3 * s.columns + scan_part_columns(s); }

// All rows of one sequence, of both batches.
class Sequence {
 public:
  Sequence(const ScanCase& c, const Weights& weights)
      : c_(c),
        w_(weights),
        memory_(static_cast<size_t>(c.shape.columns * c.shape.state_size)),
        conv_(weights.taps, weights.conv_bias, c.shape.columns) {}
  // What the next row gives: [columns].
  std::vector<double> next(const float* inputs);

 private:
  std::vector<double> part(const float* from, int count, const std::vector<float>& norm) const;

  const ScanCase& c_;
  const Weights& w_;
  std::vector<double> memory_;  // [state_size][column]
  ConvReference conv_;          // of x
};

std::vector<double> Sequence::part(const float* from, int count, const std::vector<float>& norm) const {
  std::vector<double> values(from, from + count);
  if (!c_.has_norms) return values;
  double squares = 0;
  for (const double x : values) squares += x * x;
  for (size_t i = 0; i < values.size(); ++i) values[i] *= norm[i] / std::sqrt(squares / count + kEpsilon);
  return values;
}

std::vector<double> Sequence::next(const float* inputs) {
  const ScanShape& s = c_.shape;
  const std::vector<double> convolved = conv_.next(inputs);
  const float* const parts = inputs + 2 * s.columns;
  const float* const raw = parts + scan_part_columns(s);
  const auto b = part(parts + s.step_rank, s.state_size, w_.b_norm);
  const auto c = part(parts + s.step_rank + s.state_size, s.state_size, w_.c_norm);
  std::vector<double> output;
  for (int i = 0; i < s.columns; ++i) {
    const double x = silu(convolved[static_cast<size_t>(i)]);
    const double step = std::log1p(std::exp(double{raw[i]}));
    double sum = w_.skip[static_cast<size_t>(i)] * x;
    for (int n = 0; n < s.state_size; ++n) {
      const auto at = static_cast<size_t>(n * s.columns + i);
      memory_[at] = std::exp(step * w_.rates[at]) * memory_[at] + step * b[static_cast<size_t>(n)] * x;
      sum += c[static_cast<size_t>(n)] * memory_[at];
    }
    output.push_back(sum * silu(inputs[s.columns + i]));
  }
  return output;
}

class ScanTrial {
 public:
  ScanTrial(const Device& device, const Module& module, const ScanCase& c, Random& random)
      : device_(device),
        module_(module),
        c_(c),
        w_(draw_weights(c.shape, random)),
        batches_(device, c.states, input_columns(c.shape), scan_state_bytes(c.shape), random),
        taps_(Buffer::of(device, w_.taps)),
        conv_bias_(Buffer::of(device, w_.conv_bias)),
        rates_(Buffer::of(device, w_.rates)),
        skip_(Buffer::of(device, w_.skip)),
        step_norm_(Buffer::of(device, w_.step_norm)),
        b_norm_(Buffer::of(device, w_.b_norm)),
        c_norm_(Buffer::of(device, w_.c_norm)),
        convolved_(device, static_cast<size_t>(batches_.rows_max() * c.shape.columns) * 4),
        halves_(device, static_cast<size_t>(batches_.rows_max() * c.shape.columns) * 2),
        parts_(device, static_cast<size_t>(batches_.rows_max() * scan_part_columns(c.shape)) * 4),
        raw_steps_(device, convolved_.bytes()),
        narrow_(device, static_cast<size_t>(batches_.rows_max() * c.shape.step_rank) * 2),
        output_(device, static_cast<size_t>((batches_.rows_max() + 63) / 64 * 64 * c.shape.columns) * 2) {}

  void launch(int turn) { run(turn % 2); }
  Check check();

 private:
  // What products would have made of each row.
  void bring(int batch);
  void run(int batch) const;

  const Device& device_;
  const Module& module_;
  const ScanCase c_;
  const Weights w_;
  StateBatches batches_;
  Buffer taps_, conv_bias_, rates_, skip_, step_norm_, b_norm_, c_norm_, convolved_, halves_, parts_, raw_steps_,
      narrow_, output_;
};

void ScanTrial::bring(int batch) {
  const ScanShape& s = c_.shape;
  const auto parts = static_cast<size_t>(scan_part_columns(s)), columns = static_cast<size_t>(s.columns);
  std::vector<float> of_parts, of_steps;
  for (int row = 0; row < batches_.rows(batch); ++row) {
    const float* const from = batches_.row(batch, row) + 2 * columns;
    of_parts.insert(of_parts.end(), from, from + parts);
    of_steps.insert(of_steps.end(), from + parts, from + parts + columns);
  }
  parts_.upload(of_parts.data(), of_parts.size() * 4);
  raw_steps_.upload(of_steps.data(), of_steps.size() * 4);
}

void ScanTrial::run(int batch) const {
  const ScanShape& s = c_.shape;
  const int rows = batches_.rows(batch);
  const float* const inputs = batches_.inputs(batch);
  const CausalConvArguments conv{.rows = batches_.state_rows(batch),
                                 .conv = {.inputs = inputs,
                                          .factors = nullptr,
                                          .input_stride = input_columns(s),
                                          .columns = s.columns,
                                          .width = s.conv_width,
                                          .taps = taps_.as<float>(),
                                          .bias = conv_bias_.as<float>(),
                                          .state_at = scan_memory_floats(s)},
                                 .gates = nullptr,
                                 .output = convolved_.as<float>(),
                                 .halves = {halves_.as<u16>(), s.columns, 0, ColumnOrder::plain}};
  const ScanPartsArguments parts{.shape = s,
                                 .parts = parts_.as<float>(),
                                 .step_norm = c_.has_norms ? step_norm_.as<float>() : nullptr,
                                 .b_norm = b_norm_.as<float>(),
                                 .c_norm = c_norm_.as<float>(),
                                 .epsilon = kEpsilon,
                                 .steps = {narrow_.as<u16>(), s.step_rank, 0, ColumnOrder::plain}};
  const SelectiveScanArguments scan{.rows = conv.rows,
                                    .conv = conv.conv,
                                    .shape = s,
                                    .x = convolved_.as<float>(),
                                    .parts = parts_.as<float>(),
                                    .raw_steps = raw_steps_.as<float>(),
                                    .rates = rates_.as<float>(),
                                    .skip = skip_.as<float>(),
                                    .gates = inputs + s.columns,
                                    .output = batches_.output(output_, s.columns)};
  gpu::launch(device_, module_.function("causal_conv"),
              {.blocks = conv_blocks(s.columns), .blocks_y = rows, .threads = kConvThreads}, conv);
  gpu::launch(device_, module_.function("scan_parts"), {.blocks = rows, .threads = kScanPartsThreads}, parts);
  gpu::launch(device_, module_.function("selective_scan"),
              {.blocks = scan_blocks(s.columns), .blocks_y = batches_.sequences(batch), .threads = kScanThreads}, scan);
}

// Also that the convolution's two results are one, and what narrow steps become.
Check ScanTrial::check() {
  const ScanShape& s = c_.shape;
  std::vector<Sequence> sequences(c_.states.rows.size(), Sequence(c_, w_));
  ErrorSum of_halves, of_steps;
  const auto run_batch = [&](int batch) {
    bring(batch);
    const auto before = parts_.values<float>();
    run(batch);
    const auto floats = convolved_.values<float>();
    const auto halves = halves_.values<uint16_t>(), narrow = narrow_.values<uint16_t>();
    for (size_t i = 0; i < static_cast<size_t>(batches_.rows(batch) * s.columns); ++i) {
      of_halves.add(bf16_to_f32(halves[i]), floats[i]);
    }
    for (size_t row = 0; row < static_cast<size_t>(batches_.rows(batch)); ++row) {
      const float* const steps = &before[row * static_cast<size_t>(scan_part_columns(s))];
      double squares = 0;
      for (int i = 0; i < s.step_rank; ++i) squares += double{steps[i]} * steps[i];
      const double factor = c_.has_norms ? 1 / std::sqrt(squares / s.step_rank + kEpsilon) : 1;
      for (int i = 0; i < s.step_rank; ++i) {
        of_steps.add(bf16_to_f32(narrow[row * static_cast<size_t>(s.step_rank) + static_cast<size_t>(i)]),
                     steps[i] * factor * (c_.has_norms ? w_.step_norm[static_cast<size_t>(i)] : 1));
      }
    }
  };
  double error = batches_.error(output_, s.columns, run_batch,
                                [&](size_t sequence, const float* inputs) { return sequences[sequence].next(inputs); });
  if (!(of_halves.relative() <= 4e-3 && of_steps.relative() <= 4e-3)) error = 1;
  return {"Mamba, " + std::to_string(s.columns) + " columns x " + std::to_string(s.state_size) + ", " + batches_.name(),
          error, 4e-3};
}

}  // namespace

Trial selective_scan_trial(const Device& device, const Module& module, const ScanCase& c, Random& random) {
  const std::vector<int>& further = c.states.further;
  const double rows = std::accumulate(further.begin(), further.end(), 0);
  const double states = 2.0 * static_cast<double>(further.size()) * static_cast<double>(scan_state_bytes(c.shape));
  return trial_of(std::make_shared<ScanTrial>(device, module, c, random),
                  {.bytes = states + 4.0 * c.shape.columns * c.shape.state_size + rows * c.shape.columns * 26});
}

Check check_selective_scan(const Device& device, const Module& module, const ScanCase& c, Random& random) {
  return ScanTrial(device, module, c, random).check();
}

}  // namespace estoc::gpu
