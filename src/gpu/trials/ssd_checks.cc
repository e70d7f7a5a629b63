#include "gpu/trials/ssd_checks.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "gpu/source/gated_norm.h"
#include "gpu/trials/conv_reference.h"
#include "gpu/trials/trial.h"

namespace estoc::gpu {
namespace {

constexpr float kEpsilon = 1e-5f, kStepScale = 0.8f, kStepMin = 0.05f, kStepMax = 1.5f, kGateScale = 1.2f;

struct Weights {
  std::vector<float> taps, conv_bias, step_bias, rates, skip, norm;
};

Weights draw_weights(const SsdShape& s, Random& random) {
  const auto heads = static_cast<size_t>(s.heads), columns = static_cast<size_t>(ssd_conv_columns(s));
  Weights w{.taps = draw_floats(random, static_cast<size_t>(s.conv_width) * columns, 0.6f),
            .conv_bias = draw_floats(random, columns, 0.2f),
            .step_bias = draw_floats(random, heads),
            .rates = draw_floats(random, heads),
            .skip = draw_floats(random, heads),
            .norm = draw_floats(random, static_cast<size_t>(ssd_x_columns(s)))};
  for (float& rate : w.rates) rate = -std::exp(rate);
  return w;
}

// All rows of one sequence, of both batches.
class Sequence {
 public:
  Sequence(const SsdCase& c, const Weights& weights)
      : c_(c),
        w_(weights),
        memory_(static_cast<size_t>(ssd_x_columns(c.shape) * c.shape.state_size)),
        conv_(weights.taps, weights.conv_bias, ssd_conv_columns(c.shape)) {}
  // What the next row gives: [columns of x].
  std::vector<double> next(const float* inputs);

 private:
  const SsdCase& c_;
  const Weights& w_;
  std::vector<double> memory_;  // [column of x][state_size]
  ConvReference conv_;          // of x, b, c
};

std::vector<double> Sequence::next(const float* inputs) {
  const SsdShape& s = c_.shape;
  const int columns = ssd_x_columns(s), width = columns / s.groups, states = s.groups * s.state_size;
  std::vector<double> all = conv_.next(inputs + columns);
  for (double& value : all) value = silu(value);
  const float* const raw = inputs + columns + ssd_conv_columns(s);
  std::vector<double> y;
  for (int i = 0; i < columns; ++i) {
    const auto head = static_cast<size_t>(i / s.head_dim);
    const size_t group = head / static_cast<size_t>(s.heads / s.groups);
    const double step = std::clamp(std::log1p(std::exp(double{raw[head]} * kStepScale + w_.step_bias[head])),
                                   double{kStepMin}, double{kStepMax});
    const double decay = std::exp(step * w_.rates[head]), x = all[static_cast<size_t>(i)];
    double sum = w_.skip[head] * x;
    for (int n = 0; n < s.state_size; ++n) {
      const size_t b = static_cast<size_t>(columns + n) + group * static_cast<size_t>(s.state_size);
      double& m = memory_[static_cast<size_t>(i * s.state_size + n)];
      m = decay * m + step * all[b] * x;
      sum += all[b + static_cast<size_t>(states)] * m;
    }
    y.push_back(sum);
  }
  for (int first = 0; first < columns; first += width) {
    double squares = 0;
    for (int i = first; i < first + width; ++i) {
      if (c_.is_gate_first) y[static_cast<size_t>(i)] *= silu(double{inputs[i]} * kGateScale);
      squares += y[static_cast<size_t>(i)] * y[static_cast<size_t>(i)];
    }
    for (int i = first; i < first + width; ++i) {
      double& value = y[static_cast<size_t>(i)];
      if (c_.has_norm) value *= w_.norm[static_cast<size_t>(i)] / std::sqrt(squares / width + kEpsilon);
      if (!c_.is_gate_first) value *= silu(double{inputs[i]} * kGateScale);
    }
  }
  return y;
}

class SsdTrial {
 public:
  SsdTrial(const Device& device, const Module& module, const SsdCase& c, Random& random)
      : device_(device),
        module_(module),
        c_(c),
        w_(draw_weights(c.shape, random)),
        batches_(device, c.states, ssd_inputs(c.shape), ssd_state_bytes(c.shape), random),
        taps_(Buffer::of(device, w_.taps)),
        conv_bias_(Buffer::of(device, w_.conv_bias)),
        step_bias_(Buffer::of(device, w_.step_bias)),
        rates_(Buffer::of(device, w_.rates)),
        skip_(Buffer::of(device, w_.skip)),
        norm_(Buffer::of(device, w_.norm)),
        convolved_(device, static_cast<size_t>(batches_.rows_max() * ssd_conv_columns(c.shape)) * 4),
        output_(device, static_cast<size_t>((batches_.rows_max() + 63) / 64 * 64 * ssd_x_columns(c.shape)) * 2) {}

  void launch(int turn) { run(turn % 2); }
  Check check();

 private:
  void run(int batch) const;

  const Device& device_;
  const Module& module_;
  const SsdCase c_;
  const Weights w_;
  StateBatches batches_;
  Buffer taps_, conv_bias_, step_bias_, rates_, skip_, norm_, convolved_, output_;
};

// z, x, b, c and raw steps stand side by side.
void SsdTrial::run(int batch) const {
  const SsdShape& s = c_.shape;
  const int columns = ssd_conv_columns(s), rows = batches_.rows(batch);
  const float* const inputs = batches_.inputs(batch);
  const CausalConvArguments conv{.rows = batches_.state_rows(batch),
                                 .conv = {.inputs = inputs + ssd_x_columns(s),
                                          .factors = nullptr,
                                          .input_stride = ssd_inputs(s),
                                          .columns = columns,
                                          .width = s.conv_width,
                                          .taps = taps_.as<float>(),
                                          .bias = conv_bias_.as<float>(),
                                          .state_at = ssd_memory_floats(s)},
                                 .gates = nullptr,
                                 .output = convolved_.as<float>(),
                                 .halves = {}};
  const SsdArguments scan{.rows = conv.rows,
                          .conv = conv.conv,
                          .shape = s,
                          .convolved = convolved_.as<float>(),
                          .raw_steps = inputs + ssd_x_columns(s) + columns,
                          .step_bias = step_bias_.as<float>(),
                          .rates = rates_.as<float>(),
                          .skip = skip_.as<float>(),
                          .step_scale = kStepScale,
                          .step_min = kStepMin,
                          .step_max = kStepMax};
  const GatedNormArguments norm{.values = convolved_.as<float>(),
                                .gates = inputs,
                                .value_stride = columns,
                                .gate_stride = ssd_inputs(s),
                                .gate_scale = kGateScale,
                                .norm = c_.has_norm ? norm_.as<float>() : nullptr,
                                .norm_stride = ssd_x_columns(s) / s.groups,
                                .width = ssd_x_columns(s) / s.groups,
                                .is_gate_first = c_.is_gate_first ? 1 : 0,
                                .epsilon = kEpsilon,
                                .output = batches_.output(output_, ssd_x_columns(s))};
  gpu::launch(device_, module_.function("causal_conv"),
              {.blocks = conv_blocks(columns), .blocks_y = rows, .threads = kConvThreads}, conv);
  gpu::launch(device_, module_.function("ssd_scan_" + std::to_string(ssd_room(s))),
              {.blocks = s.heads * ssd_parts(s), .blocks_y = batches_.sequences(batch), .threads = kSsdThreads}, scan);
  gpu::launch(device_, module_.function("gated_norm"),
              {.blocks = s.groups, .blocks_y = rows, .threads = kGatedNormThreads}, norm);
}

Check SsdTrial::check() {
  const SsdShape& s = c_.shape;
  std::vector<Sequence> sequences(c_.states.rows.size(), Sequence(c_, w_));
  const double error = batches_.error(
      output_, ssd_x_columns(s), [&](int batch) { run(batch); },
      [&](size_t sequence, const float* inputs) { return sequences[sequence].next(inputs); });
  return {"Mamba-2, " + std::to_string(s.heads) + " heads of " + std::to_string(s.head_dim) + " x " +
              std::to_string(s.state_size) + ", " + batches_.name(),
          error, 4e-3};
}

}  // namespace

Trial ssd_trial(const Device& device, const Module& module, const SsdCase& c, Random& random) {
  const std::vector<int>& further = c.states.further;
  const double rows = std::accumulate(further.begin(), further.end(), 0);
  const double states = 2.0 * static_cast<double>(further.size()) * static_cast<double>(ssd_state_bytes(c.shape));
  return trial_of(std::make_shared<SsdTrial>(device, module, c, random),
                  {.bytes = states + rows * 4 * (ssd_inputs(c.shape) + 4.0 * ssd_conv_columns(c.shape))});
}

Check check_ssd(const Device& device, const Module& module, const SsdCase& c, Random& random) {
  return SsdTrial(device, module, c, random).check();
}

}  // namespace estoc::gpu
