#include "gpu_layers/gpu_weight_plan.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "gpu/source/sample.h"

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
std::vector<std::vector<MatrixView>> runs_of_one_format(const std::vector<MatrixView>& parts) {
  std::vector<std::vector<MatrixView>> runs;
  for (const MatrixView& part : parts) {
    if (runs.empty() || &runs.back().front().format() != &part.format()) runs.emplace_back();
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

bool is_plain(const MatrixSpec& matrix) { return matrix.tensor_rows == 0 && !matrix.is_transposed; }

bool is_plain(const std::optional<NormSpec>& norm) {
  return norm && norm->kind == NormSpec::Kind::rms && norm->weight_offset == 0 && !norm->name.empty();
}

bool is_plain_or_none(const std::optional<NormSpec>& norm) { return !norm || is_plain(norm); }

// What layers may be that is computed here for none of them.
void refuse_options(const LayerSpec& layer, const AttentionSpec& attention, const GatedMlpSpec& mlp) {
  if (attention.v.name.empty()) refuse(attention.name, "has no values of its own");
  if (attention.gate) refuse(attention.name, "has a gate behind it");
  for (const MatrixSpec* matrix :
       {&attention.q, &attention.k, &attention.v, &attention.output, &mlp.gate, &mlp.up, &mlp.down}) {
    if (!is_plain(*matrix)) refuse(matrix->name, "shares a tensor or is transposed");
  }
  if (!is_plain(layer.input_norm) || !is_plain(layer.mlp_norm) || !is_plain_or_none(attention.q_norm) ||
      !is_plain_or_none(attention.k_norm)) {
    refuse(attention.name, "has norms of another kind than RMS norms with weights");
  }
  if (layer.mixer_output_norm || layer.mlp_output_norm) refuse(attention.name, "has norms after its parts");
  if (layer.is_parallel) refuse(attention.name, "is beside its MLP instead of before it");
  if (layer.residual_scale != 1) refuse(attention.name, "adds a scaled result");
  if (attention.kv_layer != AttentionSpec::kOwnKv) refuse(attention.name, "reads the keys and values of another layer");
  if (layer.input || !layer.output_scale.empty())
    refuse(attention.name, "is in a layer with an input or a scale of its own");
  if (attention.position_growth != 0) refuse(attention.name, "scales queries by their positions");
  if (attention.softcap != 0) refuse(attention.name, "has a cap on its scores");
  if (!attention.sinks.empty()) refuse(attention.name, "has attention sinks");
  if (attention.rope == AttentionSpec::kNoRope) refuse(attention.name, "does not turn by positions");
  if (attention.norm_span != HeadNormSpan::head || attention.is_norm_last || attention.v_norm_epsilon) {
    refuse(attention.name, "has norms of heads that are not one before the rotation");
  }
  if (mlp.activation != Activation::silu) refuse(mlp.name, "has another activation than silu");
}

void refuse_options(const DecoderSpec& decoder, const std::string& name) {
  const auto is_known = [](const RopeSpec& rope) { return rope.magnitude == 1 && !rope.is_interleaved; };
  if (!std::ranges::all_of(decoder.ropes, is_known)) refuse(name, "has scaled or interleaved rotations");
  if (decoder.embedding_scale != 1 || !decoder.positions.empty())
    refuse(name, "has a scaled embedding or one of positions");
  if (decoder.logit_scale != 1 || decoder.logit_softcap != 0) refuse(name, "has scaled or capped logits");
  if (!is_plain(decoder.norm)) refuse(decoder.norm.name, "is another norm than an RMS norm");
}

}  // namespace

const std::byte* GpuWeightPlan::MatrixSource::row(int64_t r) const {
  constexpr int64_t kTurn = gpu::kTileRows / 2;
  if (is_interleaved) return parts[static_cast<size_t>(r / kTurn % 2)].row(r / (2 * kTurn) * kTurn + r % kTurn);
  size_t part = 0;
  for (; r >= parts[part].rows(); ++part) r -= parts[part].rows();
  return parts[part].row(r);
}

GpuWeightPlan::GpuWeightPlan(const WeightSource& source, const NamingRules& naming, const DecoderSpec& decoder,
                             int first, int end)
    : hidden(decoder.hidden), vocab(decoder.vocab), vector_floats(rounded(static_cast<size_t>(decoder.hidden))) {
  refuse_options(decoder, std::string(naming.embedding));
  const bool is_tied = source.find(naming.head_weight()) == nullptr;
  const auto matrix = [&](std::string_view name) { return matrix_of(source, std::string(name), vocab, hidden); };
  for (int layer = first; layer < end; ++layer) add_layer(source, decoder.layers[static_cast<size_t>(layer)]);
  if (end == static_cast<int>(decoder.layers.size())) {
    if (vocab > gpu::kSampleColumnsMax) {
      fail(ErrorCode::unsupported, "layers on a GPU: a vocabulary of {} tokens, expected at most {}", vocab,
           gpu::kSampleColumnsMax);
    }
    head = GpuHead{place({matrix(is_tied ? naming.embedding : naming.head)}, false),
                   place(source, decoder.norm.name, hidden), decoder.norm.epsilon};
  }
  if (first == 0) {
    embedding = is_tied && head ? head->matrix : place({matrix(naming.embedding)}, false);
  }
}

// What all layers have to have in common, for one set of buffers and one shape of launches to serve them.
void GpuWeightPlan::describe(const LayerSpec& layer) {
  const auto* attention = std::get_if<AttentionSpec>(&layer.mixer);
  if (const auto* delta = std::get_if<GatedDeltaSpec>(&layer.mixer)) refuse(delta->name, "is a gated delta net");
  if (const auto* mamba = std::get_if<Mamba2Spec>(&layer.mixer)) refuse(mamba->name, "is a Mamba-2 layer");
  if (std::holds_alternative<std::monostate>(layer.mixer)) refuse("a layer", "is an MLP alone");
  if (layer.second_mixer) refuse(attention->name, "has another mixer beside it");
  if (attention == nullptr) refuse(std::get<ShortConvSpec>(layer.mixer).name, "is a short convolution");
  const auto* mlp = std::get_if<GatedMlpSpec>(&layer.mlp);
  if (mlp == nullptr) refuse(attention->name, "has no gated MLP behind it");
  refuse_options(layer, *attention, *mlp);
  const int width = mlp->width;
  if (attention->head_dim != 64 && attention->head_dim != 128) refuse(attention->name, "has heads not of 64 or 128");
  if (attention->heads / attention->kv_heads > 8) refuse(attention->name, "has more than 8 heads that share keys");
  if (heads != 0 && (heads != attention->heads || kv_heads != attention->kv_heads || head_dim != attention->head_dim ||
                     mlp_width != width)) {
    refuse(attention->name, "is of another shape than the layers before");
  }
  heads = attention->heads, kv_heads = attention->kv_heads, head_dim = attention->head_dim, mlp_width = width;
}

void GpuWeightPlan::add_layer(const WeightSource& source, const LayerSpec& layer) {
  describe(layer);
  const auto& attention = std::get<AttentionSpec>(layer.mixer);
  const auto& mlp = std::get<GatedMlpSpec>(layer.mlp);
  const auto matrix = [&](const std::string& name, int rows, int columns) {
    if (source.find(name + ".bias") != nullptr) refuse(name, "has a bias");
    return matrix_of(source, name, rows, columns);
  };
  const int query = heads * head_dim, key = kv_heads * head_dim;
  GpuLayer to;
  for (const auto& run : runs_of_one_format({matrix_of(source, attention.q.name, query, hidden),
                                             matrix_of(source, attention.k.name, key, hidden),
                                             matrix_of(source, attention.v.name, key, hidden)})) {
    const int at = to.qkv.empty() ? 0 : to.qkv.back().output_at + to.qkv.back().rows;
    to.qkv.push_back(place(run, false));
    to.qkv.back().output_at = at;
  }
  to.output = place({matrix(attention.output.name, hidden, query)}, false);
  const std::vector<MatrixView> gate_up = {matrix(mlp.gate.name, mlp.width, hidden),
                                           matrix(mlp.up.name, mlp.width, hidden)};
  if (runs_of_one_format(gate_up).size() != 1) refuse(mlp.name, "has gate and up of different formats");
  to.gate_up = place(gate_up, true);
  to.down = place({matrix(mlp.down.name, hidden, mlp.width)}, false);
  to.qkv_bias = place_biases(source, attention);
  to.input_norm = place(source, layer.input_norm->name, hidden);
  to.mlp_norm = place(source, layer.mlp_norm->name, hidden);
  if (attention.q_norm) to.q_norm = place(source, attention.q_norm->name, head_dim);
  if (attention.k_norm) to.k_norm = place(source, attention.k_norm->name, head_dim);
  to.input_epsilon = layer.input_norm->epsilon;
  to.mlp_epsilon = layer.mlp_norm->epsilon;
  to.head_epsilon = attention.q_norm ? attention.q_norm->epsilon : 0;
  to.scale = attention.scale;
  to.window = attention.window;
  to.rope = attention.rope;
  layers.push_back(std::move(to));
}

GpuMatrix GpuWeightPlan::place(const std::vector<MatrixView>& parts, bool is_interleaved) {
  GpuMatrix to;
  for (const MatrixView& part : parts) {
    require_columns(part);
    to.rows += static_cast<int>(part.rows());
  }
  const DeviceForm& form = device_form_of(parts.front());
  to.form = form.form;
  to.columns = static_cast<int>(parts.front().columns());
  to.at = matrix_bytes;
  matrix_bytes += (to.bytes() + kAlignment - 1) / kAlignment * kAlignment;
  matrices.push_back({to, &form, parts, is_interleaved});
  return to;
}

// All three or none.
std::optional<size_t> GpuWeightPlan::place_biases(const WeightSource& source, const AttentionSpec& attention) {
  const std::pair<const MatrixSpec*, int> parts[] = {
      {&attention.q, heads}, {&attention.k, kv_heads}, {&attention.v, kv_heads}};
  size_t end = vector_floats;
  int found = 0;
  for (const auto& [matrix, part_heads] : parts) {
    const std::string bias = matrix->name + ".bias";
    const int64_t shape[] = {int64_t{part_heads} * head_dim};
    if (source.find(bias) == nullptr) continue;
    vectors.push_back({end, &source.require(bias, shape)});
    end += static_cast<size_t>(shape[0]);
    ++found;
  }
  if (found == 0) return std::nullopt;
  if (found != 3) refuse(attention.name, "has biases, but not of queries, keys and values alike");
  return std::exchange(vector_floats, rounded(end));
}

size_t GpuWeightPlan::place(const WeightSource& source, const std::string& name, int count) {
  const int64_t shape[] = {count};
  vectors.push_back({vector_floats, &source.require(name + ".weight", shape)});
  return std::exchange(vector_floats, rounded(vector_floats + static_cast<size_t>(count)));
}

}  // namespace estoc
