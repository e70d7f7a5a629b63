#include "gpu_layers/gpu_weight_plan.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "gpu/source/sample.h"
#include "layers/spec_matrix.h"

namespace estoc {

namespace {

constexpr size_t kAlignment = 256;

[[noreturn]] void refuse(const std::string& name, std::string_view what) {
  fail(ErrorCode::unsupported, "layers on a GPU: '{}' {}, which is not computed there yet", name, what);
}

void require_columns(const MatrixView& matrix) {
  if (matrix.columns() % gpu::kUnitColumns == 0) return;
  fail(ErrorCode::unsupported, "layers on a GPU: '{}' has {} columns, expected a multiple of {}", matrix.tensor().name,
       matrix.columns(), gpu::kUnitColumns);
}

// Parts that can be one matrix: neighbours of one format.
std::vector<std::vector<GpuWeightPlan::Part>> runs_of_one_format(const std::vector<GpuWeightPlan::Part>& parts) {
  std::vector<std::vector<GpuWeightPlan::Part>> runs;
  for (const GpuWeightPlan::Part& part : parts) {
    if (runs.empty() || &runs.back().front().matrix.format() != &part.matrix.format()) runs.emplace_back();
    runs.back().push_back(part);
  }
  return runs;
}

// Four floats a load: every vector begins at a multiple of them.
size_t rounded(size_t floats) { return (floats + 63) / 64 * 64; }

MatrixView matrix_of(const WeightSource& source, const std::string& name, int rows, int columns) {
  const int64_t shape[] = {rows, columns};
  return MatrixView(source.require(name + ".weight", shape));
}

MatrixView matrix_of(const WeightSource& source, const MatrixSpec& spec, int rows, int columns) {
  return spec_matrix(spec, rows, columns, {},
                     [&](const std::string& name, std::span<const int64_t> shape) -> const WeightTensor& {
                       return source.require(name, shape);
                     });
}

MatrixView matrix_without_bias(const WeightSource& source, const MatrixSpec& spec, int rows, int columns) {
  if (source.find(spec.name + ".bias") != nullptr) refuse(spec.name, "has a bias");
  return matrix_of(source, spec, rows, columns);
}

bool is_rms(const std::optional<NormSpec>& norm) { return norm && norm->kind == NormSpec::Kind::rms; }

// What layers may be that is computed here for none of them; `name`: of their mixer.
void refuse_options(const LayerSpec& layer, const std::string& name) {
  if (!is_rms(layer.input_norm) || !is_rms(layer.mlp_norm)) {
    refuse(name, "has norms other than RMS norms before each part");
  }
  if ((layer.mixer_output_norm && !is_rms(layer.mixer_output_norm)) ||
      (layer.mlp_output_norm && !is_rms(layer.mlp_output_norm))) {
    refuse(name, "has norms after its parts that are not RMS norms");
  }
  if (layer.second_mixer) refuse(name, "has another mixer beside it");
  if (layer.is_parallel) refuse(name, "is beside its MLP instead of before it");
  if (layer.are_sums_normed) refuse(name, "is in a layer that norms sums");
  if (layer.side_mixture) refuse(name, "is before an MLP with a mixture of experts beside it");
  if (layer.input || !layer.output_scale.empty()) refuse(name, "is in a layer with an input or a scale of its own");
  if (!std::holds_alternative<GatedMlpSpec>(layer.mlp) && !std::holds_alternative<MoeSpec>(layer.mlp)) {
    refuse(name, "has no gated MLP behind it");
  }
}

void refuse_options(const AttentionSpec& attention) {
  if (attention.v.name.empty()) refuse(attention.name, "has no values of its own");
  for (const MatrixSpec* matrix : {&attention.q, &attention.k, &attention.v, &attention.output}) {
    if (matrix->is_transposed) refuse(matrix->name, "is kept with rows for columns");
  }
  if ((attention.q_norm || attention.k_norm) && (!is_rms(attention.q_norm) || !is_rms(attention.k_norm))) {
    refuse(attention.name, "has norms of heads that are not RMS norms, of queries and keys alike");
  }
  if (attention.kv_layer != AttentionSpec::kOwnKv) refuse(attention.name, "reads the keys and values of another layer");
  if (attention.position_growth != 0) refuse(attention.name, "scales queries by their positions");
  if (attention.clip != 0) refuse(attention.name, "keeps queries, keys and values within bounds");
  if (attention.norm_span != HeadNormSpan::head || attention.is_norm_last) {
    refuse(attention.name, "has norms of heads that are not one before the rotation");
  }
}

void refuse_options(const GatedMlpSpec& mlp) {
  for (const MatrixSpec* matrix : {&mlp.gate, &mlp.up, &mlp.down}) {
    if (matrix->is_transposed) refuse(matrix->name, "is kept with rows for columns");
  }
  if (mlp.gate_scale != 1) refuse(mlp.name, "has a scaled gate");
  if (mlp.activation != Activation::silu && mlp.activation != Activation::gelu_tanh) {
    refuse(mlp.name, "has another activation than silu and gelu by tanh");
  }
}

void refuse_options(const DecoderSpec& decoder, const std::string& name) {
  if (!decoder.is_causal) refuse(name, "is of a model whose tokens see what comes behind them");
  if (!decoder.positions.empty()) refuse(name, "has an embedding of positions beside it");
  if (!is_rms(decoder.norm)) refuse(decoder.norm.name, "is another norm than an RMS norm");
}

}  // namespace

const std::byte* GpuWeightPlan::MatrixSource::row(int64_t r) const {
  constexpr int64_t kTurn = gpu::kTileRows / 2;
  if (is_interleaved) return parts[static_cast<size_t>(r / kTurn % 2)].matrix.row(r / (2 * kTurn) * kTurn + r % kTurn);
  size_t part = 0;
  for (; r >= parts[part].rows(); ++part) r -= parts[part].rows();
  const int64_t stored = parts[part].order.stored_row(r);
  return stored == HeadOrder::kNoRow ? zeros.data() : parts[part].matrix.row(stored);
}

GpuWeightPlan::GpuWeightPlan(const WeightSource& source, const NamingRules& naming, const DecoderSpec& decoder,
                             int first, int end)
    : hidden(decoder.hidden), vocab(decoder.vocab), vector_floats(rounded(static_cast<size_t>(decoder.hidden))) {
  refuse_options(decoder, std::string(naming.embedding));
  embedding_scale = decoder.embedding_scale;
  logit_scale = decoder.logit_scale, logit_softcap = decoder.logit_softcap;
  const bool is_tied = source.find(naming.head_weight()) == nullptr;
  const auto matrix = [&](std::string_view name) { return Part{matrix_of(source, std::string(name), vocab, hidden)}; };
  for (int layer = first; layer < end; ++layer) add_layer(source, decoder, decoder.layers[static_cast<size_t>(layer)]);
  if (end == static_cast<int>(decoder.layers.size())) {
    if (vocab > gpu::kSampleColumnsMax) {
      fail(ErrorCode::unsupported, "layers on a GPU: a vocabulary of {} tokens, expected at most {}", vocab,
           gpu::kSampleColumnsMax);
    }
    const std::string name(naming.head);
    if (source.find(name + ".bias") != nullptr) refuse(name, "has a bias");
    head = GpuHead{place({matrix(is_tied ? naming.embedding : naming.head)}, false),
                   place(source, decoder.norm, hidden), decoder.norm.epsilon};
  }
  if (first == 0) {
    embedding = is_tied && head ? head->matrix : place({matrix(naming.embedding)}, false);
  }
}

const gpu::DeltaNetShape* GpuWeightPlan::delta_shape() const {
  const auto found = std::ranges::find_if(layers, [](const GpuLayer& layer) { return layer.delta.has_value(); });
  return found == layers.end() ? nullptr : &found->delta->shape;
}

// What all layers have to have in common, for one set of buffers and one shape of launches to serve them.
void GpuWeightPlan::describe(const LayerSpec& layer) {
  if (const auto* latent = std::get_if<LatentAttentionSpec>(&layer.mixer)) refuse(latent->name, "is latent attention");
  if (const auto* mamba = std::get_if<MambaSpec>(&layer.mixer)) refuse(mamba->name, "is a Mamba layer");
  if (const auto* mamba = std::get_if<Mamba2Spec>(&layer.mixer)) refuse(mamba->name, "is a Mamba-2 layer");
  if (const auto* conv = std::get_if<ShortConvSpec>(&layer.mixer)) refuse(conv->name, "is a short convolution");
  if (const auto* delta = std::get_if<GatedDeltaSpec>(&layer.mixer)) return refuse_options(layer, delta->name);
  const auto* attention = std::get_if<AttentionSpec>(&layer.mixer);
  if (attention == nullptr) refuse("a layer", "is an MLP alone");
  refuse_options(layer, attention->name);
  refuse_options(*attention);
  describe(*attention);
}

void GpuWeightPlan::describe(const AttentionSpec& attention) {
  if (head_room_of(attention.head_dim) == 0 || attention.head_dim % 4 != 0) {
    refuse(attention.name, "has heads not of a multiple of 4 up to 256");
  }
  if (attention.heads / attention.kv_heads > 8) refuse(attention.name, "has more than 8 heads that share keys");
  if (heads != 0 && (heads != attention.heads || kv_heads != attention.kv_heads || head_dim != attention.head_dim)) {
    refuse(attention.name, "is of another shape than the layers before");
  }
  heads = attention.heads, kv_heads = attention.kv_heads, head_dim = attention.head_dim;
  head_room = head_room_of(head_dim);
  if (attention.gate) has_attention_gate_ = true;
}

void GpuWeightPlan::add_attention(const WeightSource& source, const DecoderSpec& decoder,
                                  const AttentionSpec& attention, GpuLayer& to) {
  const bool is_turned = attention.rope != AttentionSpec::kNoRope;
  const HeadOrder order(is_turned ? &decoder.ropes[static_cast<size_t>(attention.rope)] : nullptr, head_dim);
  const int query = attended(), key = kv_heads * head_dim;
  std::vector<Part> projections = {{matrix_of(source, attention.q, query, hidden), order},
                                   {matrix_of(source, attention.k, key, hidden), order},
                                   {matrix_of(source, attention.v, key, hidden), HeadOrder(nullptr, head_dim)}};
  if (attention.gate) projections.push_back({matrix_without_bias(source, *attention.gate, query, hidden)});
  to.has_attention_gate = attention.gate.has_value();
  place_projections(projections, to);
  to.output = place({Part{matrix_of(source, attention.output, hidden, query)}}, false);
  to.output_bias = place_bias(source, attention.output, hidden);
  to.qkv_bias = place_biases(source, attention, order);
  if (attention.q_norm) to.q_norm = place(source, *attention.q_norm, head_dim, order);
  if (attention.k_norm) to.k_norm = place(source, *attention.k_norm, head_dim, order);
  if (!attention.sinks.empty()) to.sinks = place_sinks(source, attention);
  to.head_epsilon = attention.q_norm ? attention.q_norm->epsilon : 0;
  to.scale = attention.scale;
  to.softcap = attention.softcap;
  to.value_epsilon = attention.v_norm_epsilon.value_or(0);
  to.window = attention.window;
  to.rope = is_turned ? attention.rope : static_cast<int>(decoder.ropes.size());
}

// What reads the layer's input, side by side in its result.
void GpuWeightPlan::place_projections(const std::vector<Part>& parts, GpuLayer& to) {
  for (const auto& run : runs_of_one_format(parts)) {
    const int at = to.qkv.empty() ? 0 : to.qkv.back().output_at + to.qkv.back().rows;
    to.qkv.push_back(place(run, false));
    to.qkv.back().output_at = at;
  }
}

void GpuWeightPlan::add_delta_net(const WeightSource& source, const GatedDeltaSpec& delta, GpuLayer& to) {
  const gpu::DeltaNetShape shape{.key_heads = delta.key_heads,
                                 .value_heads = delta.value_heads,
                                 .are_heads_in_turn = delta.are_heads_in_turn ? 1 : 0,
                                 .key_dim = delta.key_dim,
                                 .value_dim = delta.value_dim,
                                 .conv_width = delta.conv_width};
  if (shape.key_dim > gpu::kDeltaKeyDimMax || shape.key_dim % 4 != 0 || shape.value_dim % 2 != 0 ||
      shape.conv_width > gpu::kDeltaConvWidthMax) {
    refuse(delta.name, "has keys not of a multiple of 4 up to 128, odd values or a convolution wider than 8");
  }
  if (const gpu::DeltaNetShape* before = delta_shape();
      before != nullptr && gpu::delta_state_bytes(*before) != gpu::delta_state_bytes(shape)) {
    refuse(delta.name, "is of another shape than the delta nets before");
  }
  const int keys = gpu::delta_key_columns(shape), values = gpu::delta_value_columns(shape);
  const int64_t columns = gpu::delta_conv_columns(shape), width = shape.conv_width;
  place_projections({{matrix_without_bias(source, delta.q, keys, hidden)},
                     {matrix_without_bias(source, delta.k, keys, hidden)},
                     {matrix_without_bias(source, delta.v, values, hidden)},
                     {matrix_without_bias(source, delta.z, values, hidden)},
                     {matrix_without_bias(source, delta.a, shape.value_heads, hidden)},
                     {matrix_without_bias(source, delta.b, shape.value_heads, hidden)}},
                    to);
  to.output = place({{matrix_without_bias(source, delta.output, hidden, values)}}, false);
  GpuDeltaNet net{.shape = shape, .norm = place(source, delta.norm, shape.value_dim), .epsilon = delta.norm.epsilon};
  const WeightTensor* const found = source.find(delta.conv);
  const int64_t flat[] = {columns, width}, deep[] = {columns, 1, width}, heads_shape[] = {shape.value_heads};
  const bool is_flat = found != nullptr && found->shape.size() == 2;
  net.taps = reserve(columns * width);
  place_some(is_flat ? source.require(delta.conv, flat) : source.require(delta.conv, deep), net.taps,
             static_cast<int>(columns * width), [=](int64_t i) { return i % columns * width + i / columns; });
  net.decay_rate = reserve(shape.value_heads);
  place_some(source.require(delta.decay_rate, heads_shape), net.decay_rate, shape.value_heads, {});
  vectors.back().change = delta.is_rate_negated ? [](float x) { return -x; } : [](float x) { return std::exp(x); };
  net.decay_bias = reserve(shape.value_heads);
  place_some(source.require(delta.decay_bias, heads_shape), net.decay_bias, shape.value_heads, {});
  to.delta = net;
}

void GpuWeightPlan::add_mlp(const WeightSource& source, const GatedMlpSpec& mlp, GpuLayer& to) {
  refuse_options(mlp);
  const std::vector<Part> gate_up = {{matrix_without_bias(source, mlp.gate, mlp.width, hidden)},
                                     {matrix_without_bias(source, mlp.up, mlp.width, hidden)}};
  if (runs_of_one_format(gate_up).size() != 1) refuse(mlp.name, "has gate and up of different formats");
  to.gate_up = place(gate_up, true);
  to.down = place({{matrix_without_bias(source, mlp.down, hidden, mlp.width)}}, false);
  to.gate = mlp.activation == Activation::gelu_tanh ? gpu::kGeluTanh : gpu::kSilu;
  mlp_width = std::max(mlp_width, mlp.width);
}

void GpuWeightPlan::add_layer(const WeightSource& source, const DecoderSpec& decoder, const LayerSpec& layer) {
  describe(layer);
  GpuLayer to;
  if (const auto* delta = std::get_if<GatedDeltaSpec>(&layer.mixer)) {
    add_delta_net(source, *delta, to);
  } else {
    add_attention(source, decoder, std::get<AttentionSpec>(layer.mixer), to);
  }
  if (const auto* mlp = std::get_if<GatedMlpSpec>(&layer.mlp)) {
    add_mlp(source, *mlp, to);
  } else {
    to.mixture = plan_mixture(source, std::get<MoeSpec>(layer.mlp));
  }
  to.input_norm = place(source, *layer.input_norm, hidden);
  to.mlp_norm = place(source, *layer.mlp_norm, hidden);
  to.mixer_addition = addition(source, layer.mixer_output_norm, layer.residual_scale * layer.mixer_scale);
  to.mlp_addition = addition(source, layer.mlp_output_norm, layer.residual_scale * layer.mlp_scale);
  to.input_epsilon = layer.input_norm->epsilon;
  to.mlp_epsilon = layer.mlp_norm->epsilon;
  layers.push_back(std::move(to));
}

GpuMatrix GpuWeightPlan::place(const std::vector<Part>& parts, bool is_interleaved) {
  GpuMatrix to;
  for (const Part& part : parts) {
    require_columns(part.matrix);
    to.rows += static_cast<int>(part.rows());
  }
  const DeviceForm& form = device_form_of(parts.front().matrix);
  to.form = form.form;
  to.columns = static_cast<int>(parts.front().matrix.columns());
  to.at = matrix_bytes;
  matrix_bytes += (to.bytes() + kAlignment - 1) / kAlignment * kAlignment;
  const auto row_bytes = static_cast<size_t>(parts.front().matrix.format().row_bytes(to.columns));
  const bool has_zeros = std::ranges::any_of(parts, [](const Part& part) { return part.rows() > part.matrix.rows(); });
  matrices.push_back({to, &form, parts, is_interleaved, std::vector<std::byte>(has_zeros ? row_bytes : 0)});
  return to;
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
  if (found != 3) refuse(attention.name, "has biases, but not of queries, keys and values alike");
  if (attention.gate) refuse(attention.name, "has biases beside a gate");
  return std::exchange(vector_floats, rounded(end));
}

std::optional<size_t> GpuWeightPlan::place_bias(const WeightSource& source, const MatrixSpec& matrix, int rows) {
  const std::string name = matrix.name + ".bias";
  if (source.find(name) == nullptr) return std::nullopt;
  const int64_t shape[] = {tensor_rows(matrix, rows)};
  vectors.push_back({.at = vector_floats,
                     .tensor = &source.require(name, shape),
                     .count = rows,
                     .first = matrix.first_row,
                     .rows = rows_of(matrix)});
  return std::exchange(vector_floats, rounded(vector_floats + static_cast<size_t>(rows)));
}

size_t GpuWeightPlan::place_sinks(const WeightSource& source, const AttentionSpec& attention) {
  const int64_t shape[] = {heads};
  vectors.push_back({.at = vector_floats, .tensor = &source.require(attention.sinks, shape), .count = heads});
  return std::exchange(vector_floats, rounded(vector_floats + static_cast<size_t>(heads)));
}

size_t GpuWeightPlan::reserve(int64_t floats) {
  return std::exchange(vector_floats, rounded(vector_floats + static_cast<size_t>(floats)));
}

bool GpuWeightPlan::has_additions() const {
  return std::ranges::any_of(layers, [](const GpuLayer& layer) {
    return layer.output_bias || !layer.mixer_addition.is_plain() || !layer.mlp_addition.is_plain();
  });
}

GpuAddition GpuWeightPlan::addition(const WeightSource& source, const std::optional<NormSpec>& norm, float scale) {
  if (!norm) return {.norm = std::nullopt, .scale = scale};
  return {.norm = place(source, *norm, hidden), .epsilon = norm->epsilon, .scale = scale};
}

// A norm without a name has weights of one, as whatever nobody puts there.
size_t GpuWeightPlan::place(const WeightSource& source, const NormSpec& norm, int count, const HeadOrder& order) {
  const int64_t shape[] = {count}, floats = order.rows_of(count);
  if (!norm.name.empty()) {
    vectors.push_back({.at = vector_floats,
                       .tensor = &source.require(norm.name + ".weight", shape),
                       .count = static_cast<int>(floats),
                       .order = order,
                       .offset = norm.weight_offset});
  }
  return std::exchange(vector_floats, rounded(vector_floats + static_cast<size_t>(floats)));
}

}  // namespace estoc
