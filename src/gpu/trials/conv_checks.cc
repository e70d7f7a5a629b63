#include "gpu/trials/conv_checks.h"

#include <numeric>
#include <span>

#include "gpu/source/causal_conv.h"
#include "gpu/trials/conv_reference.h"
#include "gpu/trials/trial.h"

namespace estoc::gpu {
namespace {

class ShortConvTrial {
 public:
  ShortConvTrial(const Device& device, const Module& module, const ShortConvCase& c, Random& random)
      : device_(device),
        module_(module),
        c_(c),
        taps_(draw_floats(random, static_cast<size_t>(c.width * c.columns))),
        bias_(draw_floats(random, static_cast<size_t>(c.columns))),
        batches_(device, c.states, 3 * c.columns, conv_state_floats(c.columns, c.width) * 4, random),
        device_taps_(Buffer::of(device, taps_)),
        device_bias_(Buffer::of(device, bias_)),
        output_(device, static_cast<size_t>((batches_.rows_max() + 63) / 64 * 64 * c.columns) * 2) {}

  void launch(int turn) { run(turn % 2); }
  Check check();

 private:
  void run(int batch) const;

  const Device& device_;
  const Module& module_;
  const ShortConvCase c_;
  const std::vector<float> taps_, bias_;
  StateBatches batches_;
  Buffer device_taps_, device_bias_, output_;
};

// Factors, gates and inputs stand side by side.
void ShortConvTrial::run(int batch) const {
  const float* const inputs = batches_.inputs(batch);
  const CausalConvArguments a{.rows = batches_.state_rows(batch),
                              .conv = {.inputs = inputs + 2 * c_.columns,
                                       .factors = inputs,
                                       .input_stride = 3 * c_.columns,
                                       .columns = c_.columns,
                                       .width = c_.width,
                                       .taps = device_taps_.as<float>(),
                                       .bias = c_.has_bias ? device_bias_.as<float>() : nullptr,
                                       .state_at = 0},
                              .gates = inputs + c_.columns,
                              .output = nullptr,
                              .halves = batches_.output(output_, c_.columns)};
  const int blocks = conv_blocks(c_.columns);
  gpu::launch(device_, module_.function("short_conv"),
              {.blocks = blocks, .blocks_y = batches_.rows(batch), .threads = kConvThreads}, a);
  if (batches_.is_decode(batch)) return;
  gpu::launch(device_, module_.function("keep_short_conv"),
              {.blocks = blocks, .blocks_y = batches_.sequences(batch), .threads = kConvThreads}, a);
}

Check ShortConvTrial::check() {
  const std::span<const float> bias = c_.has_bias ? std::span(bias_) : std::span<const float>();
  std::vector<ConvReference> sequences(c_.states.rows.size(), ConvReference(taps_, bias, c_.columns));
  const auto next = [&](size_t sequence, const float* inputs) {
    std::vector<double> products;
    for (int i = 0; i < c_.columns; ++i) products.push_back(double{inputs[i]} * inputs[2 * c_.columns + i]);
    std::vector<double> output = sequences[sequence].next(products.data());
    for (int i = 0; i < c_.columns; ++i) output[static_cast<size_t>(i)] *= inputs[c_.columns + i];
    return output;
  };
  const double error = batches_.error(output_, c_.columns, [&](int batch) { run(batch); }, next);
  return {"short convolution, " + std::to_string(c_.columns) + " columns, width " + std::to_string(c_.width) + ", " +
              batches_.name(),
          error, 3e-3};
}

}  // namespace

Trial short_conv_trial(const Device& device, const Module& module, const ShortConvCase& c, Random& random) {
  const std::vector<int>& further = c.states.further;
  const double rows = std::accumulate(further.begin(), further.end(), 0);
  const double states = 2.0 * static_cast<double>(further.size()) * (c.width - 1) * c.columns * 4;
  return trial_of(std::make_shared<ShortConvTrial>(device, module, c, random),
                  {.bytes = states + rows * c.columns * (3 * 4 + 2)});
}

Check check_short_conv(const Device& device, const Module& module, const ShortConvCase& c, Random& random) {
  return ShortConvTrial(device, module, c, random).check();
}

}  // namespace estoc::gpu
