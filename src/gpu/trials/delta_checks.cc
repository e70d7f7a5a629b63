#include "gpu/trials/delta_checks.h"

#include <cmath>
#include <numeric>
#include <utility>

#include "gpu/source/gated_norm.h"
#include "gpu/trials/conv_reference.h"
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
        rate_(rate),
        bias_(bias),
        norm_(norm),
        memory_(static_cast<size_t>(shape.value_heads * shape.key_dim * shape.value_dim)),
        conv_(taps, {}, delta_conv_columns(shape)) {}

  // What the next row gives: [value columns].
  std::vector<double> next(const float* inputs);

 private:
  const DeltaNetShape s_;
  const std::vector<float>&rate_, &bias_, &norm_;
  std::vector<double> memory_;  // [value head][key_dim][value_dim]
  ConvReference conv_;          // of q, k and v
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
  std::vector<double> convolved = conv_.next(inputs);
  for (double& value : convolved) value = silu(value);
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
        batches_(device, c.states, delta_inputs(c.shape), delta_state_bytes(c.shape), random),
        device_taps_(Buffer::of(device, taps_)),
        device_rate_(Buffer::of(device, rate_)),
        device_bias_(Buffer::of(device, bias_)),
        device_norm_(Buffer::of(device, norm_)),
        convolved_(device, static_cast<size_t>(batches_.rows_max() * delta_conv_columns(c.shape)) * 4),
        output_(device, static_cast<size_t>((batches_.rows_max() + 63) / 64 * 64 * delta_value_columns(c.shape)) * 2) {}

  void launch(int turn) { run(turn % 2); }
  Check check();

 private:
  void run(int batch) const;

  const Device& device_;
  const Module& module_;
  const DeltaCase c_;
  const std::vector<float> taps_, rate_, bias_, norm_;
  StateBatches batches_;
  Buffer device_taps_, device_rate_, device_bias_, device_norm_, convolved_, output_;
};

void DeltaTrial::run(int batch) const {
  const DeltaNetShape& s = c_.shape;
  const int columns = delta_conv_columns(s), inputs = delta_inputs(s), rows = batches_.rows(batch);
  const CausalConvArguments conv{.rows = batches_.state_rows(batch),
                                 .conv = {.inputs = batches_.inputs(batch),
                                          .factors = nullptr,
                                          .input_stride = inputs,
                                          .columns = columns,
                                          .width = s.conv_width,
                                          .taps = device_taps_.as<float>(),
                                          .bias = nullptr,
                                          .state_at = delta_memory_floats(s)},
                                 .gates = nullptr,
                                 .output = convolved_.as<float>(),
                                 .halves = {}};
  const DeltaNetArguments rule{.rows = conv.rows,
                               .conv = conv.conv,
                               .shape = s,
                               .convolved = convolved_.as<float>(),
                               .decay_rate = device_rate_.as<float>(),
                               .decay_bias = device_bias_.as<float>()};
  const GatedNormArguments norm{.values = convolved_.as<float>() + 2 * delta_key_columns(s),
                                .gates = conv.conv.inputs + columns,
                                .value_stride = columns,
                                .gate_stride = inputs,
                                .gate_scale = 1,
                                .norm = device_norm_.as<float>(),
                                .norm_stride = 0,
                                .width = s.value_dim,
                                .is_gate_first = 0,
                                .epsilon = kEpsilon,
                                .output = batches_.output(output_, delta_value_columns(s))};
  gpu::launch(device_, module_.function("causal_conv"),
              {.blocks = conv_blocks(columns), .blocks_y = rows, .threads = kConvThreads}, conv);
  gpu::launch(device_, module_.function("delta_rule"),
              {.blocks = s.value_heads * delta_parts(s.value_dim),
               .blocks_y = batches_.sequences(batch),
               .threads = kDeltaRuleThreads},
              rule);
  gpu::launch(device_, module_.function("gated_norm"),
              {.blocks = s.value_heads, .blocks_y = rows, .threads = kGatedNormThreads}, norm);
}

Check DeltaTrial::check() {
  const DeltaNetShape& s = c_.shape;
  std::vector<Sequence> sequences(c_.states.rows.size(), Sequence(s, taps_, rate_, bias_, norm_));
  const double error = batches_.error(
      output_, delta_value_columns(s), [&](int batch) { run(batch); },
      [&](size_t sequence, const float* inputs) { return sequences[sequence].next(inputs); });
  return {"delta net, " + std::to_string(s.key_heads) + "/" + std::to_string(s.value_heads) + " heads of " +
              std::to_string(s.key_dim) + "/" + std::to_string(s.value_dim) + ", " + batches_.name(),
          error, 4e-3};
}

}  // namespace

Trial delta_net_trial(const Device& device, const Module& module, const DeltaCase& c, Random& random) {
  const std::vector<int>& further = c.states.further;
  const double rows = std::accumulate(further.begin(), further.end(), 0);
  const double states = 2.0 * static_cast<double>(further.size()) * static_cast<double>(delta_state_bytes(c.shape));
  return trial_of(std::make_shared<DeltaTrial>(device, module, c, random),
                  {.bytes = states + rows * 4 * (delta_inputs(c.shape) + 4.0 * delta_conv_columns(c.shape))});
}

Check check_delta_net(const Device& device, const Module& module, const DeltaCase& c, Random& random) {
  return DeltaTrial(device, module, c, random).check();
}

}  // namespace estoc::gpu
