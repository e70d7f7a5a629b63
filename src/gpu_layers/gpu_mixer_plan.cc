// What a device has of a layer's mixer (gpu_weight_plan.h).
#include <algorithm>
#include <cmath>
#include <utility>

#include "gpu_layers/gpu_plan_parts.h"
#include "gpu_layers/gpu_weight_plan.h"

namespace estoc {
namespace {

// Parts that can be one matrix: neighbours of one format.
std::vector<std::vector<GpuWeightPlan::Part>> runs_of_one_format(const std::vector<GpuWeightPlan::Part>& parts) {
  std::vector<std::vector<GpuWeightPlan::Part>> runs;
  for (const GpuWeightPlan::Part& part : parts) {
    if (runs.empty() || &runs.back().front().matrix.format() != &part.matrix.format()) runs.emplace_back();
    runs.back().push_back(part);
  }
  return runs;
}

void refuse_options(const AttentionSpec& attention) {
  if (attention.v.name.empty()) refuse_on_device(attention.name, "has no values of its own");
  for (const MatrixSpec* matrix : {&attention.q, &attention.k, &attention.v, &attention.output}) {
    if (matrix->is_transposed) refuse_on_device(matrix->name, "is kept with rows for columns");
  }
  if ((attention.q_norm || attention.k_norm) && (!is_rms(attention.q_norm) || !is_rms(attention.k_norm))) {
    refuse_on_device(attention.name, "has norms of heads that are not RMS norms, of queries and keys alike");
  }
  if (attention.kv_layer != AttentionSpec::kOwnKv)
    refuse_on_device(attention.name, "reads the keys and values of another layer");
  if (attention.position_growth != 0) refuse_on_device(attention.name, "scales queries by their positions");
  if (attention.clip != 0) refuse_on_device(attention.name, "keeps queries, keys and values within bounds");
  if (attention.norm_span != HeadNormSpan::head || attention.is_norm_last) {
    refuse_on_device(attention.name, "has norms of heads that are not one before the rotation");
  }
}

}  // namespace

size_t GpuMixer::state_bytes() const {
  struct Bytes {
    size_t operator()(const GpuAttention&) const { return 0; }
    size_t operator()(const GpuLatent&) const { return 0; }
    size_t operator()(const GpuDeltaNet& net) const { return static_cast<size_t>(gpu::delta_state_bytes(net.shape)); }
    size_t operator()(const GpuShortConv& mixer) const {
      return static_cast<size_t>(gpu::conv_state_floats(mixer.conv.columns, mixer.conv.width)) * 4;
    }
    size_t operator()(const GpuMamba2& mixer) const { return static_cast<size_t>(gpu::ssd_state_bytes(mixer.shape)); }
    size_t operator()(const GpuMamba& mixer) const { return static_cast<size_t>(gpu::scan_state_bytes(mixer.shape)); }
  };
  return std::visit(Bytes(), kind);
}

void GpuWeightPlan::describe(const AttentionSpec& attention) {
  if (head_room_of(attention.head_dim) == 0 || attention.head_dim % 4 != 0) {
    refuse_on_device(attention.name, "has heads not of a multiple of 4 up to 256");
  }
  if (attention.heads / attention.kv_heads > 8)
    refuse_on_device(attention.name, "has more than 8 heads that share keys");
  if (heads != 0 && (heads != attention.heads || kv_heads != attention.kv_heads || head_dim != attention.head_dim)) {
    refuse_on_device(attention.name, "is of another shape than the layers before");
  }
  heads = attention.heads, kv_heads = attention.kv_heads, head_dim = attention.head_dim;
  if (turned_dim != 0 && turned_dim != head_room_of(head_dim)) {
    refuse_on_device(attention.name, "is beside latent attention in other layers");
  }
  head_room = turned_dim = head_room_of(head_dim);
}

GpuAttention GpuWeightPlan::plan(const WeightSource& source, const DecoderSpec& decoder, const AttentionSpec& attention,
                                 GpuMixer& to) {
  refuse_options(attention);
  describe(attention);
  const bool is_turned = attention.rope != AttentionSpec::kNoRope;
  const HeadOrder order(is_turned ? &decoder.ropes[static_cast<size_t>(attention.rope)] : nullptr, head_dim);
  const int query = attended(), key = kv_heads * head_dim;
  std::vector<Part> projections = {{matrix_of(source, attention.q, query, hidden), order},
                                   {matrix_of(source, attention.k, key, hidden), order},
                                   {matrix_of(source, attention.v, key, hidden), HeadOrder(nullptr, head_dim)}};
  if (attention.gate) projections.push_back({matrix_without_bias(source, *attention.gate, query, hidden)});
  place_projections(projections, to);
  to.output = place({Part{matrix_of(source, attention.output, hidden, query)}}, false);
  to.output_bias = place_bias(source, attention.output, hidden);
  to.projection_bias = place_biases(source, attention, order);
  GpuAttention own{.has_gate = attention.gate.has_value(),
                   .head_epsilon = attention.q_norm ? attention.q_norm->epsilon : 0,
                   .scale = attention.scale,
                   .softcap = attention.softcap,
                   .value_epsilon = attention.v_norm_epsilon.value_or(0),
                   .window = attention.window,
                   .rope = is_turned ? attention.rope : static_cast<int>(decoder.ropes.size())};
  if (attention.q_norm) own.q_norm = place(source, *attention.q_norm, head_dim, order);
  if (attention.k_norm) own.k_norm = place(source, *attention.k_norm, head_dim, order);
  if (!attention.sinks.empty()) own.sinks = place_sinks(source, attention);
  return own;
}

// What reads the layer's input, side by side in its result.
void GpuWeightPlan::place_projections(const std::vector<Part>& parts, GpuMixer& to) {
  for (const auto& run : runs_of_one_format(parts)) {
    const int at = to.projections.empty() ? 0 : to.projected();
    to.projections.push_back(place(run, false));
    to.projections.back().output_at = at;
  }
}

GpuConv GpuWeightPlan::place_conv(const WeightSource& source, const std::string& name, int columns, int width) {
  if (width > gpu::kConvWidthMax) refuse_on_device(name, "is a convolution wider than 8");
  GpuConv to{.columns = columns, .width = width};
  const std::string weight = name + ".weight", bias = name + ".bias";
  to.taps = place_numbers(source, {source.find(weight) != nullptr ? weight : name}, int64_t{columns} * width);
  vectors.back().map = [=](int64_t i) { return i % columns * width + i / columns; };
  if (source.find(bias) != nullptr) to.bias = place_numbers(source, {bias}, columns);
  return to;
}

GpuDeltaNet GpuWeightPlan::plan(const WeightSource& source, const DecoderSpec&, const GatedDeltaSpec& delta,
                                GpuMixer& to) {
  const gpu::DeltaNetShape shape{.key_heads = delta.key_heads,
                                 .value_heads = delta.value_heads,
                                 .are_heads_in_turn = delta.are_heads_in_turn ? 1 : 0,
                                 .key_dim = delta.key_dim,
                                 .value_dim = delta.value_dim,
                                 .conv_width = delta.conv_width};
  if (shape.key_dim > gpu::kDeltaKeyDimMax || shape.key_dim % 4 != 0 || shape.value_dim % 2 != 0) {
    refuse_on_device(delta.name, "has keys not of a multiple of 4 up to 128, or odd values");
  }
  const int keys = gpu::delta_key_columns(shape), values = gpu::delta_value_columns(shape);
  place_projections({{matrix_without_bias(source, delta.q, keys, hidden)},
                     {matrix_without_bias(source, delta.k, keys, hidden)},
                     {matrix_without_bias(source, delta.v, values, hidden)},
                     {matrix_without_bias(source, delta.z, values, hidden)},
                     {matrix_without_bias(source, delta.a, shape.value_heads, hidden)},
                     {matrix_without_bias(source, delta.b, shape.value_heads, hidden)}},
                    to);
  to.output = place({{matrix_without_bias(source, delta.output, hidden, values)}}, false);
  GpuDeltaNet net{.shape = shape, .norm = place(source, delta.norm, shape.value_dim), .epsilon = delta.norm.epsilon};
  net.conv = place_conv(source, delta.conv, gpu::delta_conv_columns(shape), shape.conv_width);
  net.decay_rate = place_numbers(source, {delta.decay_rate}, shape.value_heads);
  vectors.back().change = delta.is_rate_negated ? [](float x) { return -x; } : [](float x) { return std::exp(x); };
  net.decay_bias = place_numbers(source, {delta.decay_bias}, shape.value_heads);
  return net;
}

GpuShortConv GpuWeightPlan::plan(const WeightSource& source, const DecoderSpec&, const ShortConvSpec& conv,
                                 GpuMixer& to) {
  place_ends(source, conv.name, 3 * hidden, hidden, to);
  return {.conv = place_conv(source, conv.name + ".conv", hidden, conv.width)};
}

void GpuWeightPlan::place_ends(const WeightSource& source, const std::string& name, int inputs, int outputs,
                               GpuMixer& to) {
  const MatrixSpec in{.name = name + ".in_proj"}, out{.name = name + ".out_proj"};
  place_projections({{matrix_of(source, in, inputs, hidden)}}, to);
  to.projection_bias = place_bias(source, in, inputs);
  to.output = place({{matrix_of(source, out, hidden, outputs)}}, false);
  to.output_bias = place_bias(source, out, hidden);
}

size_t GpuWeightPlan::place_rates(const WeightSource& source, const std::string& name, int64_t count) {
  const bool is_plain = source.find(name + ".A_log") == nullptr && source.find(name + ".A") != nullptr;
  const size_t at = place_numbers(source, {is_plain ? name + ".A" : name + ".A_log"}, count);
  if (!is_plain) vectors.back().change = [](float x) { return -std::exp(x); };
  return at;
}

GpuMamba2 GpuWeightPlan::plan(const WeightSource& source, const DecoderSpec&, const Mamba2Spec& spec, GpuMixer& to) {
  const gpu::SsdShape shape{.heads = spec.heads,
                            .head_dim = spec.head_dim,
                            .groups = spec.groups,
                            .state_size = spec.state_size,
                            .conv_width = spec.conv_width};
  const int columns = gpu::ssd_x_columns(shape);
  if (shape.state_size > gpu::kSsdStateMax || shape.state_size % 16 != 0 || columns / shape.groups % 2 != 0) {
    refuse_on_device(spec.name, "has states not of a multiple of 16 up to 256, or odd groups of columns");
  }
  place_ends(source, spec.name, gpu::ssd_inputs(shape), columns, to);
  GpuMamba2 own{.shape = shape,
                .step_scale = spec.scales[4],
                .step_min = spec.step_min,
                .step_max = spec.step_max,
                .gate_scale = spec.scales[0],
                .is_gate_first = spec.is_gate_first,
                .epsilon = spec.epsilon};
  own.conv = place_conv(source, spec.name + ".conv1d", gpu::ssd_conv_columns(shape), shape.conv_width);
  // What scales the convolution's inputs scales its taps: a piece of these for x, b and c.
  const VectorSource taps = vectors[own.conv.bias ? vectors.size() - 2 : vectors.size() - 1];
  const int ends[] = {columns, columns + shape.groups * shape.state_size, own.conv.columns};
  for (size_t piece = 0; piece < 3; ++piece) {
    VectorSource scaled = taps;
    const int64_t first = piece == 0 ? 0 : ends[piece - 1], end = ends[piece];
    scaled.factor = spec.scales[1 + piece];
    scaled.map = [=, all = own.conv.columns, map = taps.map](int64_t i) {
      return i % all >= first && i % all < end ? map(i) : VectorSource::kLeft;
    };
    if (scaled.factor != 1) vectors.push_back(scaled);
  }
  own.step_bias = place_numbers(source, {spec.name + ".dt_bias", spec.name + ".dt.bias"}, spec.heads);
  own.rates = place_rates(source, spec.name, spec.heads);
  own.skip = place_numbers(source, {spec.name + ".D"}, spec.heads);
  if (spec.has_norm) own.norm = place_numbers(source, {spec.name + ".norm.weight"}, columns);
  return own;
}

GpuMamba GpuWeightPlan::plan(const WeightSource& source, const DecoderSpec&, const MambaSpec& spec, GpuMixer& to) {
  const gpu::ScanShape shape{.columns = spec.columns,
                             .state_size = spec.state_size,
                             .step_rank = spec.step_rank,
                             .conv_width = spec.conv_width};
  if (shape.state_size > gpu::kScanStateMax) refuse_on_device(spec.name, "has states of more than 16 numbers");
  const int columns = spec.columns, states = spec.state_size;
  place_ends(source, spec.name, 2 * columns, columns, to);
  GpuMamba own{.shape = shape};
  own.parts = place(
      {{matrix_without_bias(source, {.name = spec.name + ".x_proj"}, gpu::scan_part_columns(shape), columns)}}, false);
  const MatrixSpec steps{.name = spec.name + ".dt_proj"};
  own.steps = place({{matrix_of(source, steps, columns, spec.step_rank)}}, false);
  own.step_bias = place_bias(source, steps, columns);
  own.conv = place_conv(source, spec.name + ".conv1d", columns, shape.conv_width);
  own.rates = place_rates(source, spec.name, int64_t{columns} * states);
  vectors.back().map = [=](int64_t i) { return i % columns * states + i / columns; };
  own.skip = place_numbers(source, {spec.name + ".D"}, columns);
  if (!spec.norm_epsilon) return own;
  const auto norm = [&](const char* name, int count) {
    const NormSpec weights{.name = spec.has_norm_weights ? spec.name + "." + name : ""};
    return place(source, weights, count);
  };
  own.norms = GpuMamba::Norms{norm("dt_layernorm", spec.step_rank), norm("b_layernorm", states),
                              norm("c_layernorm", states), *spec.norm_epsilon};
  return own;
}

void GpuWeightPlan::add_mixer(const WeightSource& source, const DecoderSpec& decoder, const MixerSpec& spec,
                              GpuAddition addition, GpuLayer& to) {
  GpuMixer mixer{.inputs_at = to.projected(), .addition = addition, .state = states_++};
  std::visit(
      [&]<typename Spec>(const Spec& own) {
        if constexpr (!std::is_same_v<Spec, std::monostate>) mixer.kind = plan(source, decoder, own, mixer);
      },
      spec);
  to.mixers.push_back(std::move(mixer));
}

// All three or none.
std::optional<size_t> GpuWeightPlan::place_biases(const WeightSource& source, const AttentionSpec& attention,
                                                  const HeadOrder& order) {
  struct Bias {
    const MatrixSpec& matrix;
    int heads;
    HeadOrder order;
  };
  size_t end = vector_floats;
  int found = 0;
  for (const Bias& bias : {Bias{attention.q, heads, order},
                           {attention.k, kv_heads, order},
                           {attention.v, kv_heads, HeadOrder(nullptr, head_dim)}}) {
    const std::string name = bias.matrix.name + ".bias";
    const int64_t shape[] = {tensor_rows(bias.matrix, int64_t{bias.heads} * head_dim)};
    const int count = bias.heads * head_room;
    if (source.find(name) == nullptr) continue;
    vectors.push_back({.at = end,
                       .tensor = &source.require(name, shape),
                       .count = count,
                       .first = bias.matrix.first_row,
                       .rows = rows_of(bias.matrix),
                       .order = bias.order});
    end += static_cast<size_t>(count);
    ++found;
  }
  if (found == 0) return std::nullopt;
  if (found != 3) refuse_on_device(attention.name, "has biases, but not of queries, keys and values alike");
  if (attention.gate) refuse_on_device(attention.name, "has biases beside a gate");
  return std::exchange(vector_floats, aligned(end));
}

size_t GpuWeightPlan::place_sinks(const WeightSource& source, const AttentionSpec& attention) {
  const int64_t shape[] = {heads};
  vectors.push_back({.at = vector_floats, .tensor = &source.require(attention.sinks, shape), .count = heads});
  return std::exchange(vector_floats, aligned(vector_floats + static_cast<size_t>(heads)));
}

}  // namespace estoc
