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
  void project(const GpuLayer& layer, const GpuMixer& mixer);
  // The product that ends a part; its result enters the residual.
  void end_part(const GpuMatrix& matrix, std::optional<size_t> bias, const gpu::Buffer& inputs,
                const GpuAddition& addition);
  void end_mixer(const GpuMixer& mixer) { end_part(mixer.output, mixer.output_bias, b_.attended, mixer.addition); }
  void mix(MixerStep step, const GpuLayer& layer, const GpuMixer& mixer);
  void mlp(const GpuLayer& layer);
  void experts(const GpuLayer& layer);
  void rope(const GpuLayer& layer, const GpuMixer& mixer);
  void attention(const GpuLayer& layer, const GpuMixer& mixer);

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

void PromptLaunches::rope(const GpuLayer& layer, const GpuMixer& mixer) {
  const GpuAttention& own = *mixer.attention();
  // A table of one id a step: the row's begins where it says.
  const gpu::RopeArguments rope{.qkv = b_.qkv.as<float>(),
                                .query_norm = own.q_norm ? vector(*own.q_norm) : nullptr,
                                .key_norm = own.k_norm ? vector(*own.k_norm) : nullptr,
                                .rotations = b_.rotations[static_cast<size_t>(own.rope)].table(),
                                .positions = in_.positions,
                                .sequences = in_.table_starts,
                                .tables = in_.tables[b_.kv.pool_of(mixer.state)],
                                .queries = b_.queries->as<gpu::u16>(),
                                .kv = b_.kv.layer(mixer.state),
                                .table_stride = 1,
                                .qkv_stride = layer.projected(),
                                .heads = w_.plan().heads,
                                .width = w_.plan().head_dim,
                                .count = in_.rows,
                                .epsilon = own.head_epsilon,
                                .value_epsilon = own.value_epsilon};
  device_.launch("rope_kv_d" + std::to_string(w_.plan().head_room),
                 {.blocks = w_.plan().heads + w_.plan().kv_heads, .blocks_y = (in_.rows + 3) / 4, .threads = 128},
                 rope);
}

void PromptLaunches::attention(const GpuLayer& layer, const GpuMixer& mixer) {
  const GpuAttention& own = *mixer.attention();
  gpu::AttentionPromptArguments a{};
  a.query = b_.queries->as<gpu::u16>();
  a.kv = b_.kv.layer(mixer.state);
  a.tables = in_.tables[b_.kv.pool_of(mixer.state)];
  a.tiles = in_.tiles;
  a.output = b_.attended.as<gpu::u8>();
  a.order = order_of(mixer.output);
  a.heads = w_.plan().heads;
  a.group = w_.plan().heads / w_.plan().kv_heads;
  a.scale = own.scale;
  a.width = w_.plan().head_dim;
  a.window = own.window;
  a.tile_count = in_.tile_count;
  a.sinks = own.sinks ? vector(*own.sinks) : nullptr;
  a.gate = own.has_gate ? attention_gate(w_, b_) : nullptr;
  a.gate_stride = layer.projected();
  a.softcap = own.softcap;
  const int room = w_.plan().head_room;
  const bool is_capped = own.softcap > 0;
  device_.launch(
      "attention_prompt_" + std::to_string(room) + gpu::attention_prompt_suffix(room, is_capped),
      {.blocks = gpu::attention_prompt_blocks(in_.tile_count, device_.device().multiprocessors),
       .threads = gpu::attention_prompt_threads(room, is_capped, device_.device().capability),
       .shared_bytes = gpu::attention_prompt_shared_bytes(a.kv.form, room, is_capped, device_.device().capability)},
      a);
}

// What a mixer reads of all rows.
void PromptLaunches::project(const GpuLayer& layer, const GpuMixer& mixer) {
  for (size_t i = 0; i < mixer.projections.size(); ++i) {
    const GpuMatrix& part = mixer.projections[i];
    if (i == 0 || order_of(part) != order_of(mixer.projections[i - 1])) {
      norm(layer.input_norm, layer.input_epsilon, order_of(part));
    }
    product(part, *b_.normed,
            {.name = "store",
             .output = b_.qkv.as<float>(static_cast<size_t>(mixer.inputs_at + part.output_at) * 4),
             .stride = layer.projected(),
             .bias = mixer.projection_bias ? vector(*mixer.projection_bias) + part.output_at : nullptr});
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

void PromptLaunches::mix(MixerStep step, const GpuLayer& layer, const GpuMixer& mixer) {
  step.product = [&](const GpuMatrix& matrix, const gpu::Buffer& inputs, float* output, int stride, const float* bias) {
    product(matrix, inputs, {.name = "store", .output = output, .stride = stride, .bias = bias});
  };
  launch_mixer(device_, w_, b_, step, layer, mixer);
}

void PromptLaunches::mlp(const GpuLayer& layer) {
  if (layer.mixture() != nullptr) return experts(layer);
  if (layer.dense() == nullptr) return;
  const GpuDenseMlp& mlp = *layer.dense();
  norm(layer.mlp_norm, layer.mlp_epsilon, order_of(mlp.first));
  if (mlp.is_gated) {
    product(mlp.first, *b_.normed, {.name = "gated", .activated = order_of(mlp.down), .gate = mlp.gate});
  } else {
    product(mlp.first, *b_.normed, {.name = "store", .output = b_.raised->as<float>(), .stride = mlp.first.rows});
    launch_activation(device_, b_, mlp, in_.rows, true);
  }
  end_part(mlp.down, std::nullopt, b_.activated, layer.mlp_addition);
}

void PromptLaunches::experts(const GpuLayer& layer) {
  if (const auto& shared = layer.mixture()->shared) {
    norm(layer.mlp_norm, layer.mlp_epsilon, order_of(shared->gate_up));
    product(shared->gate_up, *b_.normed,
            {.name = "gated", .activated = order_of(shared->down), .gate = layer.mixture()->gate});
    product(shared->down, b_.activated,
            {.name = "store", .output = b_.experts->shared.as<float>(), .stride = w_.plan().hidden});
  }
  launch_prompt_experts(device_, w_, b_, layer, in_.rows);
  if (!layer.mlp_addition.is_plain()) launch_addition(device_, w_, b_, layer.mlp_addition, in_.rows, nullptr);
}

void PromptLaunches::layer(size_t index) {
  const GpuLayer& layer = w_.plan().layers[index];
  for (const GpuMixer& mixer : layer.mixers) project(layer, mixer);  // all: the end of one changes what they read
  for (const GpuMixer& mixer : layer.mixers) {
    if (mixer.attention() != nullptr) {
      rope(layer, mixer);
      attention(layer, mixer);
    } else {
      mix(mixer_step(in_), layer, mixer);
    }
    end_mixer(mixer);
  }
  mlp(layer);
}

void PromptLaunches::decode_layer(size_t index, const DecodeShape& shape, const DecodeInputs& inputs) {
  const GpuLayer& layer = w_.plan().layers[index];
  for (const GpuMixer& mixer : layer.mixers) project(layer, mixer);
  for (const GpuMixer& mixer : layer.mixers) {
    if (mixer.attention() != nullptr) {
      launch_decode_attention(device_, w_, b_, shape, inputs, layer, mixer, {}, mixer.output.columns / gpu::kTokenTile,
                              order_of(mixer.output));
    } else {
      mix(mixer_step(b_, shape, inputs, true), layer, mixer);
    }
    end_mixer(mixer);
  }
  mlp(layer);
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
  const GpuWeightPlan& plan = weights.plan();
  std::vector<GpuMatrix> matrices;
  if (plan.head) matrices.push_back(plan.head->matrix);
  for (const GpuLayer& layer : plan.layers) {
    for (const GpuMixer& mixer : layer.mixers) {
      matrices.insert(matrices.end(), mixer.projections.begin(), mixer.projections.end());
      matrices.push_back(mixer.output);
      if (const auto* mamba = std::get_if<GpuMamba>(&mixer.kind)) {
        matrices.insert(matrices.end(), {mamba->parts, mamba->steps});
      }
      if (const GpuLatent* latent = mixer.latent(); latent != nullptr && latent->queries) {
        matrices.push_back(*latent->queries);
      }
      const GpuAttention* const attention = mixer.attention();
      if (attention == nullptr) continue;
      const std::string name = "attention_prompt_" + std::to_string(plan.head_room);
      if (!device.has(name + gpu::attention_prompt_suffix(plan.head_room, attention->softcap > 0))) return false;
    }
    if (const GpuDenseMlp* dense = layer.dense()) matrices.insert(matrices.end(), {dense->first, dense->down});
    if (const GpuMixture* mixture = layer.mixture()) {
      if (!has_prompt_expert_kernels(device, *mixture)) return false;
      if (mixture->shared) matrices.insert(matrices.end(), {mixture->shared->gate_up, mixture->shared->down});
    }
  }
  return std::ranges::all_of(matrices, [&](const GpuMatrix& matrix) {
    const int tokens = gpu::gemm_tokens(matrix.form, 1, device.device().capability);
    return device.has(std::string("gemm_") + name_of(matrix.form) + "_store_n" + std::to_string(tokens));
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
