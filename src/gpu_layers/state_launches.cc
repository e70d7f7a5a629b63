// The inside of mixers with fixed states: gated delta nets, short convolutions, Mamba-2 and Mamba.
#include <string>

#include "gpu/source/gated_norm.h"
#include "gpu/source/gemm.h"
#include "gpu_layers/gpu_launches.h"

namespace estoc {
namespace {

class StateLaunches {
 public:
  StateLaunches(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                const MixerStep& step, const GpuLayer& layer, const GpuMixer& mixer)
      : device_(device), w_(weights), b_(buffers), step_(step), layer_(layer), mixer_(mixer), rows_(step.state_rows) {
    const GpuKvPools& pools = buffers.kv;
    rows_.states = pools.part(mixer.state);
    rows_.block_stride = static_cast<long>(pools.of(mixer.state).block_bytes);
    rows_.tables = step.tables[pools.pool_of(mixer.state)];
  }

  void operator()(const GpuAttention&) {}  // launched elsewhere, as latent attention is
  void operator()(const GpuLatent&) {}
  void operator()(const GpuDeltaNet& net);
  void operator()(const GpuShortConv& mixer);
  void operator()(const GpuMamba2& mixer);
  void operator()(const GpuMamba& mixer);

 private:
  const float* vector(size_t at) const { return w_.vector(at); }
  const float* vector(const std::optional<size_t>& at) const { return at ? w_.vector(*at) : nullptr; }
  // What the projections have left, from a column of theirs on.
  const float* inputs(int column) const { return b_.qkv.as<float>() + mixer_.inputs_at + column; }
  gpu::CausalConv conv(const GpuConv& conv, int first_column, long state_at) const;
  void launch_conv(const gpu::CausalConv& conv, const gpu::TokenRows& halves = {});
  void launch_norm(int groups, gpu::GatedNormArguments a);

  const gpu::Accelerator& device_;
  const GpuWeights& w_;
  const GpuBuffers& b_;
  const MixerStep& step_;
  const GpuLayer& layer_;
  const GpuMixer& mixer_;
  gpu::StateRows rows_;
};

gpu::CausalConv StateLaunches::conv(const GpuConv& conv, int first_column, long state_at) const {
  return {.inputs = inputs(first_column),
          .factors = nullptr,
          .input_stride = layer_.projected(),
          .columns = conv.columns,
          .width = conv.width,
          .taps = vector(conv.taps),
          .bias = vector(conv.bias),
          .state_at = state_at};
}

void StateLaunches::launch_conv(const gpu::CausalConv& conv, const gpu::TokenRows& halves) {
  const gpu::CausalConvArguments a{
      .rows = rows_, .conv = conv, .gates = nullptr, .output = b_.states->convolved.as<float>(), .halves = halves};
  device_.launch("causal_conv",
                 {.blocks = gpu::conv_blocks(conv.columns), .blocks_y = step_.rows, .threads = gpu::kConvThreads}, a);
}

// Of what the mixer's last product reads.
void StateLaunches::launch_norm(int groups, gpu::GatedNormArguments a) {
  a.gate_stride = layer_.projected();
  a.output = step_.inputs_of(mixer_.output, b_.attended);
  device_.launch("gated_norm", {.blocks = groups, .blocks_y = step_.rows, .threads = gpu::kGatedNormThreads}, a);
}

void StateLaunches::operator()(const GpuDeltaNet& net) {
  const gpu::DeltaNetShape& s = net.shape;
  const gpu::DeltaNetArguments rule{.rows = rows_,
                                    .conv = conv(net.conv, 0, gpu::delta_memory_floats(s)),
                                    .shape = s,
                                    .convolved = b_.states->convolved.as<float>(),
                                    .decay_rate = vector(net.decay_rate),
                                    .decay_bias = vector(net.decay_bias)};
  launch_conv(rule.conv);
  device_.launch("delta_rule",
                 {.blocks = s.value_heads * gpu::delta_parts(s.value_dim),
                  .blocks_y = step_.sequences,
                  .threads = gpu::kDeltaRuleThreads},
                 rule);
  gpu::GatedNormArguments norm{};
  norm.values = b_.states->convolved.as<float>() + 2 * gpu::delta_key_columns(s);
  norm.gates = inputs(net.conv.columns);
  norm.value_stride = net.conv.columns;
  norm.gate_scale = 1;
  norm.norm = vector(net.norm);
  norm.width = s.value_dim;
  norm.epsilon = net.epsilon;
  launch_norm(s.value_heads, norm);
}

// Its projections are factors, gates and inputs.
void StateLaunches::operator()(const GpuShortConv& mixer) {
  const int columns = mixer.conv.columns;
  gpu::CausalConvArguments a{.rows = rows_,
                             .conv = conv(mixer.conv, 2 * columns, 0),
                             .gates = inputs(columns),
                             .output = nullptr,
                             .halves = step_.inputs_of(mixer_.output, b_.attended)};
  a.conv.factors = inputs(0);
  const int blocks = gpu::conv_blocks(columns);
  device_.launch("short_conv", {.blocks = blocks, .blocks_y = step_.rows, .threads = gpu::kConvThreads}, a);
  if (rows_.sequences == nullptr) return;
  device_.launch("keep_short_conv", {.blocks = blocks, .blocks_y = step_.sequences, .threads = gpu::kConvThreads}, a);
}

// Its projection is z, x, b, c and raw steps.
void StateLaunches::operator()(const GpuMamba2& mixer) {
  const gpu::SsdShape& s = mixer.shape;
  const int columns = gpu::ssd_x_columns(s);
  const gpu::SsdArguments scan{.rows = rows_,
                               .conv = conv(mixer.conv, columns, gpu::ssd_memory_floats(s)),
                               .shape = s,
                               .convolved = b_.states->convolved.as<float>(),
                               .raw_steps = inputs(columns + mixer.conv.columns),
                               .step_bias = vector(mixer.step_bias),
                               .rates = vector(mixer.rates),
                               .skip = vector(mixer.skip),
                               .step_scale = mixer.step_scale,
                               .step_min = mixer.step_min,
                               .step_max = mixer.step_max};
  launch_conv(scan.conv);
  device_.launch("ssd_scan_" + std::to_string(gpu::ssd_room(s)),
                 {.blocks = s.heads * gpu::ssd_parts(s), .blocks_y = step_.sequences, .threads = gpu::kSsdThreads},
                 scan);
  gpu::GatedNormArguments norm{};
  norm.values = scan.convolved;
  norm.gates = inputs(0);
  norm.value_stride = mixer.conv.columns;
  norm.gate_scale = mixer.gate_scale;
  norm.norm = vector(mixer.norm);
  norm.norm_stride = norm.width = columns / s.groups;
  norm.is_gate_first = mixer.is_gate_first ? 1 : 0;
  norm.epsilon = mixer.epsilon;
  launch_norm(s.groups, norm);
}

// Its projection is x and z.
void StateLaunches::operator()(const GpuMamba& mixer) {
  const gpu::ScanShape& s = mixer.shape;
  const GpuStateBuffers& b = *b_.states;
  gpu::SelectiveScanArguments scan{.rows = rows_,
                                   .conv = conv(mixer.conv, 0, gpu::scan_memory_floats(s)),
                                   .shape = s,
                                   .x = b.convolved.as<float>(),
                                   .parts = b.parts.as<float>(),
                                   .raw_steps = b.steps.as<float>(),
                                   .rates = vector(mixer.rates),
                                   .skip = vector(mixer.skip),
                                   .gates = inputs(s.columns),
                                   .output = step_.inputs_of(mixer_.output, b_.attended)};
  launch_conv(scan.conv, step_.inputs_of(mixer.parts, b.halves));
  step_.product(mixer.parts, b.halves, b.parts.as<float>(), mixer.parts.rows, nullptr);
  const GpuMamba::Norms norms = mixer.norms.value_or(GpuMamba::Norms());
  const gpu::ScanPartsArguments parts{.shape = s,
                                      .parts = b.parts.as<float>(),
                                      .step_norm = mixer.norms ? vector(norms.step) : nullptr,
                                      .b_norm = vector(norms.b),
                                      .c_norm = vector(norms.c),
                                      .epsilon = norms.epsilon,
                                      .steps = step_.inputs_of(mixer.steps, b.narrow_steps)};
  device_.launch("scan_parts", {.blocks = step_.rows, .threads = gpu::kScanPartsThreads}, parts);
  step_.product(mixer.steps, b.narrow_steps, b.steps.as<float>(), s.columns, vector(mixer.step_bias));
  device_.launch("selective_scan",
                 {.blocks = gpu::scan_blocks(s.columns), .blocks_y = step_.sequences, .threads = gpu::kScanThreads},
                 scan);
}

}  // namespace

void launch_state_mixer(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                        const MixerStep& step, const GpuLayer& layer, const GpuMixer& mixer) {
  std::visit(StateLaunches(device, weights, buffers, step, layer, mixer), mixer.kind);
}

}  // namespace estoc
