#include "gpu_layers/gpu_weight_plan.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "gpu/source/sample.h"
#include "gpu_layers/gpu_plan_parts.h"

namespace estoc {

namespace {

constexpr size_t kAlignment = 256;

void require_columns(const MatrixView& matrix, int64_t columns) {
  if (columns % gpu::kUnitColumns == 0) return;
  fail(ErrorCode::unsupported, "layers on a GPU: '{}' has {} columns, expected a multiple of {}", matrix.tensor().name,
       columns, gpu::kUnitColumns);
}

MatrixView matrix_of(const WeightSource& source, const std::string& name, int rows, int columns) {
  const int64_t shape[] = {rows, columns};
  return MatrixView(source.require(name + ".weight", shape));
}

std::string name_of_mlp(const MlpSpec& mlp) {
  if (const auto* moe = std::get_if<MoeSpec>(&mlp)) return moe->name;
  if (const auto* plain = std::get_if<PlainMlpSpec>(&mlp)) return plain->name;
  return std::get<GatedMlpSpec>(mlp).name;
}

std::string name_of_mixer(const LayerSpec& layer) {
  return std::visit(
      [&]<typename Mixer>(const Mixer& mixer) {
        if constexpr (std::is_same_v<Mixer, std::monostate>)
          return name_of_mlp(layer.mlp);
        else
          return mixer.name;
      },
      layer.mixer);
}

// What layers may be that is computed here for none of them.
void refuse_options(const LayerSpec& layer) {
  const std::string name = name_of_mixer(layer);
  const bool has_mixer = !std::holds_alternative<std::monostate>(layer.mixer);
  const bool has_mlp = !std::holds_alternative<std::monostate>(layer.mlp);
  if ((has_mixer && !is_rms(layer.input_norm)) || (has_mlp && !is_rms(layer.mlp_norm))) {
    refuse_on_device(name, "has norms other than RMS norms before each part");
  }
  if ((layer.mixer_output_norm && !is_rms(layer.mixer_output_norm)) ||
      (layer.mlp_output_norm && !is_rms(layer.mlp_output_norm))) {
    refuse_on_device(name, "has norms after its parts that are not RMS norms");
  }
  if (layer.is_parallel) refuse_on_device(name, "is beside its MLP instead of before it");
  if (layer.are_sums_normed) refuse_on_device(name, "is in a layer that norms sums");
  if (layer.side_mixture) refuse_on_device(name, "is before an MLP with a mixture of experts beside it");
  if (layer.input || !layer.output_scale.empty()) {
    refuse_on_device(name, "is in a layer with an input or a scale of its own");
  }
}

void refuse_options(const GatedMlpSpec& mlp) {
  for (const MatrixSpec* matrix : {&mlp.gate, &mlp.up, &mlp.down}) {
    if (matrix->is_transposed) refuse_on_device(matrix->name, "is kept with rows for columns");
  }
  if (mlp.activation != Activation::silu && mlp.activation != Activation::gelu_tanh) {
    refuse_on_device(mlp.name, "has another activation than silu and gelu by tanh");
  }
}

void refuse_options(const DecoderSpec& decoder, const std::string& name) {
  if (!decoder.is_causal) refuse_on_device(name, "is of a model whose tokens see what comes behind them");
  if (!decoder.positions.empty()) refuse_on_device(name, "has an embedding of positions beside it");
  if (!is_rms(decoder.norm)) refuse_on_device(decoder.norm.name, "is another norm than an RMS norm");
}

}  // namespace

const std::byte* GpuWeightPlan::MatrixSource::row(int64_t r) const {
  constexpr int64_t kTurn = gpu::kTileRows / 2;
  if (is_interleaved) {
    return staged_row(parts[static_cast<size_t>(r / kTurn % 2)].matrix, r / (2 * kTurn) * kTurn + r % kTurn);
  }
  size_t part = 0;
  for (; r >= parts[part].rows(); ++part) r -= parts[part].rows();
  const int64_t stored = parts[part].order.stored_row(r);
  return stored == HeadOrder::kNoRow ? zeros.data() : staged_row(parts[part].matrix, stored);
}

GpuWeightPlan::GpuWeightPlan(const WeightSource& source, const NamingRules& naming, const DecoderSpec& decoder,
                             int first, int end)
    : hidden(decoder.hidden), vocab(decoder.vocab), vector_floats(aligned(static_cast<size_t>(decoder.hidden))) {
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
    if (source.find(name + ".bias") != nullptr) refuse_on_device(name, "has a bias");
    head = GpuHead{place({matrix(is_tied ? naming.embedding : naming.head)}, false),
                   place(source, decoder.norm, hidden), decoder.norm.epsilon};
  }
  if (first == 0) {
    embedding = is_tied && head ? head->matrix : place({matrix(naming.embedding)}, false);
  }
}

// A gate's scale is the curve's, and what that leaves is the result's.
GpuDenseMlp GpuWeightPlan::plan_mlp(const WeightSource& source, const GatedMlpSpec& mlp, GpuAddition& addition) {
  refuse_options(mlp);
  const std::vector<Part> gate_up = {{matrix_without_bias(source, mlp.gate, mlp.width, hidden)},
                                     {matrix_without_bias(source, mlp.up, mlp.width, hidden)}};
  if (&gate_up[0].matrix.format() != &gate_up[1].matrix.format()) {
    refuse_on_device(mlp.name, "has gate and up of different formats");
  }
  GpuDenseMlp to{.first = place(gate_up, true),
                 .down = place({{matrix_without_bias(source, mlp.down, hidden, mlp.width)}}, false),
                 .gate = mlp.activation == Activation::gelu_tanh ? gpu::kGeluTanh : gpu::kSilu};
  to.gate.linear *= mlp.gate_scale;
  to.gate.cubic *= mlp.gate_scale * mlp.gate_scale * mlp.gate_scale;
  addition.scale *= mlp.gate_scale;
  mlp_width = std::max(mlp_width, mlp.width);
  return to;
}

GpuDenseMlp GpuWeightPlan::plan_mlp(const WeightSource& source, const PlainMlpSpec& mlp) {
  if (mlp.up.is_transposed || mlp.down.is_transposed) refuse_on_device(mlp.name, "is kept with rows for columns");
  const bool is_known = mlp.activation == Activation::relu_squared || mlp.activation == Activation::silu ||
                        mlp.activation == Activation::gelu_tanh;
  if (!is_known || !mlp.xielu.empty() || mlp.xielu_numbers) {
    refuse_on_device(mlp.name, "has another activation than squared ReLU, silu and gelu by tanh");
  }
  mlp_width = std::max(mlp_width, mlp.width);
  plain_width = std::max(plain_width, mlp.width);
  const GpuMatrix up = place({{matrix_without_bias(source, mlp.up, mlp.width, hidden)}}, false);
  return {.first = up,
          .down = place({{matrix_without_bias(source, mlp.down, hidden, mlp.width)}}, false),
          .gate = mlp.activation == Activation::gelu_tanh ? gpu::kGeluTanh : gpu::kSilu,
          .is_gated = false,
          .is_squared = mlp.activation == Activation::relu_squared};
}

void GpuWeightPlan::add_mlp(const WeightSource& source, const LayerSpec& layer, GpuLayer& to) {
  to.mlp_addition = addition(source, layer.mlp_output_norm, layer.residual_scale * layer.mlp_scale);
  if (const auto* mlp = std::get_if<GatedMlpSpec>(&layer.mlp)) {
    to.mlp = plan_mlp(source, *mlp, to.mlp_addition);
  } else if (const auto* plain = std::get_if<PlainMlpSpec>(&layer.mlp)) {
    to.mlp = plan_mlp(source, *plain);
  } else {
    to.mlp = plan_mixture(source, std::get<MoeSpec>(layer.mlp));
  }
  to.mlp_norm = place(source, *layer.mlp_norm, hidden);
  to.mlp_epsilon = layer.mlp_norm->epsilon;
}

void GpuWeightPlan::add_layer(const WeightSource& source, const DecoderSpec& decoder, const LayerSpec& layer) {
  refuse_options(layer);
  GpuLayer to;
  if (!std::holds_alternative<std::monostate>(layer.mixer)) {
    to.input_norm = place(source, *layer.input_norm, hidden);
    to.input_epsilon = layer.input_norm->epsilon;
    add_mixer(source, decoder, layer.mixer,
              addition(source, layer.mixer_output_norm, layer.residual_scale * layer.mixer_scale), to);
    if (layer.second_mixer) {
      add_mixer(source, decoder, *layer.second_mixer, {.scale = layer.residual_scale * layer.second_scale}, to);
    }
  }
  if (!std::holds_alternative<std::monostate>(layer.mlp)) add_mlp(source, layer, to);
  layers.push_back(std::move(to));
}

std::vector<const GpuMixer*> GpuWeightPlan::states() const {
  std::vector<const GpuMixer*> mixers;
  for (const GpuLayer& layer : layers) {
    for (const GpuMixer& mixer : layer.mixers) mixers.push_back(&mixer);
  }
  return mixers;
}

const GpuMatrix& GpuWeightPlan::typical_matrix() const {
  const GpuLayer& layer = layers.front();
  if (const GpuDenseMlp* dense = layer.dense()) return dense->first;
  if (const GpuMixture* mixture = layer.mixture()) return mixture->gate_up;
  return layer.mixers.front().output;
}

GpuMatrix GpuWeightPlan::reserve_matrix(gpu::WeightForm form, int64_t rows, int64_t columns) {
  GpuMatrix to{.form = form, .rows = static_cast<int>(rows), .columns = static_cast<int>(columns), .at = matrix_bytes};
  matrix_bytes += (to.bytes() + kAlignment - 1) / kAlignment * kAlignment;
  return to;
}

GpuMatrix GpuWeightPlan::place(const std::vector<Part>& parts, bool is_interleaved) {
  int64_t rows = 0;
  size_t row_bytes = 0;
  for (const Part& part : parts) {
    require_columns(part.matrix, part.matrix.columns());
    row_bytes = static_cast<size_t>(staged_row_bytes(part.matrix));
    rows += part.rows();
  }
  const MatrixView& first = parts.front().matrix;
  const DeviceForm& form = device_form_of(first, first.format());
  const GpuMatrix to = reserve_matrix(form.form, rows, first.columns());
  const bool has_zeros = std::ranges::any_of(parts, [](const Part& part) { return part.rows() > part.matrix.rows(); });
  matrices.push_back({to, &form, parts, is_interleaved, std::vector<std::byte>(has_zeros ? row_bytes : 0)});
  return to;
}

GpuMatrix GpuWeightPlan::place_turned(const Part& part, const QuantFormat& format) {
  require_columns(part.matrix, part.rows());
  const DeviceForm& form = device_form_of(part.matrix, format);
  const GpuMatrix to = reserve_matrix(form.form, part.matrix.columns(), part.rows());
  matrices.push_back({.to = to, .form = &form, .parts = {part}, .is_interleaved = false, .turned = &format});
  return to;
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
  return std::exchange(vector_floats, aligned(vector_floats + static_cast<size_t>(rows)));
}

size_t GpuWeightPlan::reserve(int64_t floats) {
  return std::exchange(vector_floats, aligned(vector_floats + static_cast<size_t>(floats)));
}

size_t GpuWeightPlan::place_numbers(const WeightSource& source, std::initializer_list<std::string> names,
                                    int64_t count) {
  const std::string* name = names.begin();
  for (const std::string& candidate : names) {
    if (source.find(candidate) != nullptr) name = &candidate;
  }
  const WeightTensor* const found = source.find(*name);
  const bool fits = found != nullptr && found->element_count() == count;
  const int64_t shape[] = {count};
  const WeightTensor& tensor = source.require(*name, fits ? std::span<const int64_t>(found->shape) : shape);
  const size_t at = reserve(count);
  place_some(tensor, at, static_cast<int>(count), [](int64_t i) { return i; });
  return at;
}

bool GpuWeightPlan::has_additions() const {
  const auto is_apart = [](const GpuMixer* mixer) { return mixer->output_bias || !mixer->addition.is_plain(); };
  return std::ranges::any_of(layers, [](const GpuLayer& layer) { return !layer.mlp_addition.is_plain(); }) ||
         std::ranges::any_of(states(), is_apart);
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
  return std::exchange(vector_floats, aligned(vector_floats + static_cast<size_t>(floats)));
}

}  // namespace estoc
