// Steps of many rows: eight launches a layer over tiles of tokens.
#include <algorithm>
#include <string>

#include "gpu/source/gemm.h"
#include "gpu/source/rope.h"
#include "gpu/source/token_norm.h"
#include "gpu_layers/device_form.h"
#include "gpu_layers/expert_launches.h"
#include "gpu_layers/gpu_launches.h"

namespace estoc {
namespace {

using gpu::ColumnOrder;

ColumnOrder order_of(const GpuMatrix& matrix) { return gpu::gemm_order(matrix.form); }

// What becomes of a product (gpu/source/gemm.h).
struct ProductEnd {
  const char* name;
  float* output = nullptr;  // store, residual
  int stride = 0;
  const float* bias = nullptr;                 // store
  ColumnOrder activated = ColumnOrder::plain;  // gated
  gpu::GateCurve gate = gpu::kSilu;            // gated
};

class PromptLaunches {
 public:
  PromptLaunches(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                 const PromptInputs& inputs)
      : device_(device), w_(weights), b_(buffers), in_(inputs) {}

  void begin();
  void layer(size_t index);
  // The same of one new position a row.
  void decode_layer(size_t index, const DecodeShape& shape, const DecodeInputs& inputs);
  // Logits and tokens of so many rows, those of `picks` or the first ones.
  void head(const int* picks, int rows, const gpu::SampleRow* samples);

 private:
  const float* vector(size_t at) const { return w_.vector(at); }
  void norm(size_t weight, float epsilon, ColumnOrder order) { norm(weight, epsilon, order, nullptr, in_.rows); }
  void norm(size_t weight, float epsilon, ColumnOrder order, const int* picks, int rows);
  void product(const GpuMatrix& matrix, const gpu::Buffer& inputs, const ProductEnd& end) {
    product(matrix, inputs, end, in_.rows);
  }
  void product(const GpuMatrix& matrix, const gpu::Buffer& inputs, const ProductEnd& end, int rows);
  void project(const GpuLayer& layer);
  // The product that ends a part; its result enters the residual.
  void end_part(const GpuMatrix& matrix, std::optional<size_t> bias, const gpu::Buffer& inputs,
                const GpuAddition& addition);
  void finish(const GpuLayer& layer);
  void experts(const GpuLayer& layer);
  void rope(size_t index);
  void attention(size_t index);

  const gpu::Accelerator& device_;
  const GpuWeights& w_;
  const GpuBuffers& b_;
  const PromptInputs in_;
};

void PromptLaunches::begin() {
  if (w_.plan().embedding) launch_embedding(device_, w_, b_, in_.tokens, in_.rows);
}

void PromptLaunches::norm(size_t weight, float epsilon, ColumnOrder order, const int* picks, int rows) {
  const gpu::TokenNormArguments norm{.input = b_.residual.as<float>(),
                                     .picks = picks,
                                     .weight = vector(weight),
                                     .output = b_.normed->as<gpu::u8>(),
                                     .order = order,
                                     .columns = w_.plan().hidden,
                                     .epsilon = epsilon};
  device_.launch("rms_norm_tiles", {.blocks = rows, .threads = gpu::token_norm_threads(w_.plan().hidden)}, norm);
}

void PromptLaunches::product(const GpuMatrix& matrix, const gpu::Buffer& inputs, const ProductEnd& end, int rows) {
  gpu::GemmPlan plan = gpu::gemm_plan(matrix.form, matrix.rows, matrix.columns, rows, device_.device().capability,
                                      device_.device().multiprocessors);
  if (in_.is_invariant) plan.splits = 1;
  gpu::GemmArguments a{};
  a.weights = w_.matrix(matrix);
  a.inputs = inputs.as<gpu::u8>();
  a.bias = end.bias;
  a.output = end.output;
  a.output_stride = end.stride;
  a.activated = b_.activated.as<gpu::u8>();
  a.order = end.activated;
  a.gate = end.gate;
  a.rows = matrix.rows;
  a.columns = matrix.columns;
  a.count = rows;
  a.splits = plan.splits;
  a.partial = b_.product_partial->as<float>();
  a.arrivals = b_.product_arrivals->as<gpu::u32>();
  const int items = gpu::gemm_items(matrix.rows, rows, plan.tokens, plan.splits, plan.cluster);
  device_.launch(std::string("gemm_") + name_of(matrix.form) + "_" + end.name + "_n" + std::to_string(plan.tokens),
                 {.blocks = gpu::gemm_blocks(items, plan.cluster, device_.device().multiprocessors),
                  .threads = gpu::kGemmThreads,
                  .shared_bytes = gpu::gemm_shared_bytes(matrix.form, plan.tokens, device_.device().capability),
                  .cluster = plan.cluster},
                 a);
}

void PromptLaunches::rope(size_t index) {
  const GpuLayer& layer = w_.plan().layers[index];
  // A table of one id a step: the row's begins where it says.
  const gpu::RopeArguments rope{.qkv = b_.qkv.as<float>(),
                                .query_norm = layer.q_norm ? vector(*layer.q_norm) : nullptr,
                                .key_norm = layer.k_norm ? vector(*layer.k_norm) : nullptr,
                                .rotations = b_.rotations[static_cast<size_t>(layer.rope)].table(),
                                .positions = in_.positions,
                                .sequences = in_.table_starts,
                                .tables = in_.tables[b_.kv.pool_of(index)],
                                .queries = b_.queries->as<gpu::u16>(),
                                .kv = b_.kv.layer(index),
                                .table_stride = 1,
                                .qkv_stride = w_.plan().qkv_rows(),
                                .heads = w_.plan().heads,
                                .width = w_.plan().head_dim,
                                .count = in_.rows,
                                .epsilon = layer.head_epsilon,
                                .value_epsilon = layer.value_epsilon};
  device_.launch("rope_kv_d" + std::to_string(w_.plan().head_room),
                 {.blocks = w_.plan().heads + w_.plan().kv_heads, .blocks_y = (in_.rows + 3) / 4, .threads = 128},
                 rope);
}

void PromptLaunches::attention(size_t index) {
  const GpuLayer& layer = w_.plan().layers[index];
  gpu::AttentionPromptArguments a{};
  a.query = b_.queries->as<gpu::u16>();
  a.kv = b_.kv.layer(index);
  a.tables = in_.tables[b_.kv.pool_of(index)];
  a.tiles = in_.tiles;
  a.output = b_.attended.as<gpu::u8>();
  a.order = order_of(layer.output);
  a.heads = w_.plan().heads;
  a.group = w_.plan().heads / w_.plan().kv_heads;
  a.scale = layer.scale;
  a.width = w_.plan().head_dim;
  a.window = layer.window;
  a.tile_count = in_.tile_count;
  a.sinks = layer.sinks ? vector(*layer.sinks) : nullptr;
  a.gate = layer.has_attention_gate ? attention_gate(w_, b_) : nullptr;
  a.gate_stride = w_.plan().qkv_rows();
  a.softcap = layer.softcap;
  const int room = w_.plan().head_room;
  const bool is_capped = layer.softcap > 0;
  device_.launch(
      "attention_prompt_" + std::to_string(room) + gpu::attention_prompt_suffix(room, is_capped),
      {.blocks = gpu::attention_prompt_blocks(in_.tile_count, device_.device().multiprocessors),
       .threads = gpu::attention_prompt_threads(room, is_capped, device_.device().capability),
       .shared_bytes = gpu::attention_prompt_shared_bytes(a.kv.form, room, is_capped, device_.device().capability)},
      a);
}

// Queries, keys and values of all rows.
void PromptLaunches::project(const GpuLayer& layer) {
  for (size_t i = 0; i < layer.qkv.size(); ++i) {
    const GpuMatrix& part = layer.qkv[i];
    if (i == 0 || order_of(part) != order_of(layer.qkv[i - 1])) {
      norm(layer.input_norm, layer.input_epsilon, order_of(part));
    }
    float* const output = b_.qkv.as<float>(static_cast<size_t>(part.output_at) * 4);
    product(part, *b_.normed,
            {.name = "store",
             .output = output,
             .stride = w_.plan().first_rows(layer),
             .bias = layer.qkv_bias ? vector(*layer.qkv_bias) + part.output_at : nullptr});
  }
}

void PromptLaunches::end_part(const GpuMatrix& matrix, std::optional<size_t> bias, const gpu::Buffer& inputs,
                              const GpuAddition& addition) {
  const bool is_plain = addition.is_plain() && !bias;  // the residual's end has no register for one
  product(matrix, inputs,
          {.name = is_plain ? "residual" : "store",
           .output = is_plain ? b_.residual.as<float>() : b_.part->as<float>(),
           .stride = w_.plan().hidden,
           .bias = bias ? vector(*bias) : nullptr});
  if (is_plain) return;
  launch_addition(device_, w_, b_, addition, in_.rows, nullptr);
}

// What follows attention.
void PromptLaunches::finish(const GpuLayer& layer) {
  end_part(layer.output, layer.output_bias, b_.attended, layer.mixer_addition);
  if (layer.mixture) return experts(layer);
  norm(layer.mlp_norm, layer.mlp_epsilon, order_of(layer.gate_up));
  product(layer.gate_up, *b_.normed, {.name = "gated", .activated = order_of(layer.down), .gate = layer.gate});
  end_part(layer.down, std::nullopt, b_.activated, layer.mlp_addition);
}

void PromptLaunches::experts(const GpuLayer& layer) {
  if (const auto& shared = layer.mixture->shared) {
    norm(layer.mlp_norm, layer.mlp_epsilon, order_of(shared->gate_up));
    product(shared->gate_up, *b_.normed,
            {.name = "gated", .activated = order_of(shared->down), .gate = layer.mixture->gate});
    product(shared->down, b_.activated,
            {.name = "store", .output = b_.experts->shared.as<float>(), .stride = w_.plan().hidden});
  }
  launch_prompt_experts(device_, w_, b_, layer, in_.rows);
  if (!layer.mlp_addition.is_plain()) launch_addition(device_, w_, b_, layer.mlp_addition, in_.rows, nullptr);
}

void PromptLaunches::layer(size_t index) {
  const GpuLayer& layer = w_.plan().layers[index];
  project(layer);
  if (layer.delta) {
    launch_prompt_delta_net(device_, w_, b_, in_, index, order_of(layer.output));
  } else {
    rope(index);
    attention(index);
  }
  finish(layer);
}

void PromptLaunches::decode_layer(size_t index, const DecodeShape& shape, const DecodeInputs& inputs) {
  const GpuLayer& layer = w_.plan().layers[index];
  project(layer);
  const int output_tiles = w_.plan().mixed_columns(layer) / gpu::kTokenTile;
  if (layer.delta) {
    launch_delta_net(device_, w_, b_, shape, inputs, index, output_tiles, order_of(layer.output));
  } else {
    launch_decode_attention(device_, w_, b_, shape, inputs, index, {}, output_tiles, order_of(layer.output));
  }
  finish(layer);
}

void PromptLaunches::head(const int* picks, int rows, const gpu::SampleRow* samples) {
  const GpuHead& head = *w_.plan().head;
  norm(head.norm, head.epsilon, order_of(head.matrix), picks, rows);
  product(head.matrix, *b_.normed, {.name = "store", .output = b_.logits->as<float>(), .stride = head.matrix.rows},
          rows);
  launch_sampling(device_, w_, b_, rows, samples);
}

}  // namespace

bool has_prompt_kernels(const gpu::Accelerator& device, const GpuWeights& weights) {
  for (const GpuLayer& layer : weights.plan().layers) {
    std::vector<GpuMatrix> matrices = layer.qkv;
    matrices.push_back(layer.output);
    if (!layer.mixture) matrices.insert(matrices.end(), {layer.gate_up, layer.down});
    if (layer.mixture && !has_prompt_expert_kernels(device, *layer.mixture)) return false;
    if (layer.mixture && layer.mixture->shared) {
      matrices.insert(matrices.end(), {layer.mixture->shared->gate_up, layer.mixture->shared->down});
    }
    if (weights.plan().head) matrices.push_back(weights.plan().head->matrix);
    for (const GpuMatrix& matrix : matrices) {
      const int tokens = gpu::gemm_tokens(matrix.form, 1, device.device().capability);
      if (!device.has(std::string("gemm_") + name_of(matrix.form) + "_store_n" + std::to_string(tokens))) return false;
    }
  }
  const int room = weights.plan().head_room;
  return std::ranges::all_of(weights.plan().layers, [&](const GpuLayer& layer) {
    const char* const suffix = gpu::attention_prompt_suffix(room, layer.softcap > 0);
    return layer.delta || device.has("attention_prompt_" + std::to_string(room) + suffix);
  });
}

void launch_prompt(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                   const PromptInputs& inputs) {
  PromptLaunches launches(device, weights, buffers, inputs);
  launches.begin();
  for (size_t layer = 0; layer < weights.plan().layers.size(); ++layer) launches.layer(layer);
  if (!weights.plan().head || inputs.picked == 0) return;
  if (inputs.is_invariant || inputs.picked > narrow_rows(weights))
    return launches.head(inputs.picks, inputs.picked, inputs.samples);
  launch_select_rows(device, weights, buffers, inputs.picks, inputs.picked, weights.plan().head->norm, true);
  launch_head(device, weights, buffers, inputs.picked, 1, inputs.samples);
}

void launch_wide_decode(const gpu::Accelerator& device, const GpuWeights& weights, const GpuBuffers& buffers,
                        const DecodeShape& shape, const DecodeInputs& inputs) {
  PromptLaunches launches(device, weights, buffers, {.rows = shape.rows, .tokens = inputs.tokens});
  launches.begin();
  for (size_t layer = 0; layer < weights.plan().layers.size(); ++layer) launches.decode_layer(layer, shape, inputs);
  if (weights.plan().head) launches.head(nullptr, shape.rows, inputs.samples);
}

}  // namespace estoc
