#include "models/qwen_hybrid.h"

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "layers/rope.h"
#include "models/llama.h"
#include "models/mixture.h"
#include "ops/causal_conv.h"
#include "weights/config_reader.h"

namespace estoc {
namespace {

constexpr double kTurnedShare = 0.25;  // of a head, where the config does not say

bool is_gguf(const WeightSource& source) { return source.container() == "gguf"; }

// A GGUF file's norms have the one in them.
NormSpec one_plus(const WeightSource& source, const std::string& name, float epsilon) {
  return {.name = name, .epsilon = epsilon, .weight_offset = is_gguf(source) ? 0.0f : 1.0f};
}

// For every layer whether it attends.
std::vector<bool> attending_layers(const ConfigReader& config, int layers) {
  std::vector<bool> are = layers_of_type(config, layers, "full_attention", "linear_attention");
  if (!are.empty()) return are;
  const int interval = config.integer("full_attention_interval", 1, 1024, 4);
  for (int layer = 0; layer < layers; ++layer) are.push_back((layer + 1) % interval == 0);
  return are;
}

// Sizes without names. GGUF tells them in words of state space models.
GatedDeltaSpec read_sizes(const WeightSource& source) {
  constexpr int kHeadsMax = 4096, kDimMax = 1024;
  const ConfigReader config(source);
  GatedDeltaSpec delta;
  if (is_gguf(source)) {
    delta.key_heads = config.integer("ssm_group_count", 1, kHeadsMax);
    delta.value_heads = config.integer("ssm_time_step_rank", 1, kHeadsMax);
    delta.key_dim = config.integer("ssm_state_size", 1, kDimMax);
    const int columns = config.integer("ssm_inner_size", delta.value_heads, delta.value_heads * kDimMax);
    delta.value_dim = columns / delta.value_heads;
    delta.conv_width = config.integer("ssm_conv_kernel", 2, kCausalConvWidthMax);
    delta.is_rate_negated = true;
  } else {
    delta.key_heads = config.integer("linear_num_key_heads", 1, kHeadsMax, 16);
    delta.value_heads = config.integer("linear_num_value_heads", 1, kHeadsMax, 32);
    delta.key_dim = config.integer("linear_key_head_dim", 1, kDimMax, 128);
    delta.value_dim = config.integer("linear_value_head_dim", 1, kDimMax, 128);
    delta.conv_width = config.integer("linear_conv_kernel_dim", 2, kCausalConvWidthMax, 4);
  }
  if (delta.value_heads % delta.key_heads != 0) {
    fail(ErrorCode::corrupt_file, "{}: {} value heads of delta nets cannot share {} key heads evenly", config.file(),
         delta.value_heads, delta.key_heads);
  }
  return delta;
}

void name_delta(const WeightSource& source, int layer, float epsilon, GatedDeltaSpec& delta) {
  const int64_t keys = int64_t{delta.key_heads} * delta.key_dim, values = int64_t{delta.value_heads} * delta.value_dim;
  const std::string name = "model.layers." + std::to_string(layer) + ".linear_attn";
  delta.name = name;
  delta.q = delta.k = delta.v = {.name = name + ".in_proj_qkv", .tensor_rows = 2 * keys + values};
  delta.k.first_row = keys;
  delta.v.first_row = 2 * keys;
  delta.z = {.name = name + ".in_proj_z"};
  delta.a = {.name = name + ".in_proj_a"};
  delta.b = {.name = name + ".in_proj_b"};
  delta.output = {.name = name + ".out_proj"};
  delta.conv = name + ".conv1d.weight";
  delta.decay_rate = is_gguf(source) ? "blk." + std::to_string(layer) + ".ssm_a" : name + ".A_log";
  delta.decay_bias = name + (is_gguf(source) ? ".dt.bias" : ".dt_bias");
  delta.norm = {.name = name + ".norm", .epsilon = epsilon};
}

// Queries and gates stand in one tensor, head by head.
void add_gate(const WeightSource& source, float epsilon, AttentionSpec& attention) {
  attention.q.tensor_rows = 2 * int64_t{attention.heads} * attention.head_dim;
  attention.q.group_rows = attention.head_dim;
  attention.q.group_stride = 2 * int64_t{attention.head_dim};
  attention.gate = attention.q;
  attention.gate->first_row = attention.head_dim;
  attention.q_norm = one_plus(source, attention.name + ".q_norm", epsilon);
  attention.k_norm = one_plus(source, attention.name + ".k_norm", epsilon);
}

}  // namespace

void add_experts(const WeightSource& source, DecoderSpec& decoder) {
  const ConfigReader config(source);
  if (expert_count(config) == 0 && config.find("intermediate_size") != nullptr) return;
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    if (!is_sparse_layer(config, static_cast<int>(layer))) continue;
    const std::string name = "model.layers." + std::to_string(layer) + ".mlp";
    MoeSpec moe = read_mixture(config, name);
    moe.rule.is_normalized = config.boolean("norm_topk_prob", true);
    moe.shared = SharedExpertSpec{.name = name + ".shared_expert",
                                  .width = config.integer("shared_expert_intermediate_size", 1, 1 << 20),
                                  .weigher = name + ".shared_expert_gate"};
    decoder.layers[layer].mlp = std::move(moe);
  }
}

DecoderSpec describe_qwen_hybrid(const WeightSource& source) {
  const ConfigReader config(source);
  if (!config.boolean("attn_output_gate", true)) {
    fail(ErrorCode::unsupported, "{}: {} is false: attention without a gate is not supported in this family",
         config.file(), config.spelling("attn_output_gate"));
  }
  const int layers = layer_count(config);
  const bool has_experts_only = config.find("intermediate_size") == nullptr && config.find("num_experts") != nullptr;
  const int width = has_experts_only ? 0 : mlp_width(config);
  const Activation activation = read_activation(config, "hidden_act", "silu");
  const auto epsilon = static_cast<float>(config.number("rms_norm_eps", 0, 1, 1e-6));
  DecoderSpec decoder = describe_sizes(config);
  AttentionSpec attention = describe_attention(config, decoder.hidden);
  GatedDeltaSpec delta = read_sizes(source);
  const double share = config.number("partial_rotary_factor", 0, 1, kTurnedShare);
  decoder.ropes = {read_rope(source, {.head_dim = attention.head_dim, .partial = share})};
  decoder.norm = one_plus(source, "model.norm", epsilon);
  const std::vector<bool> attend = attending_layers(config, layers);
  for (int layer = 0; layer < layers; ++layer) {
    const std::string name = "model.layers." + std::to_string(layer);
    LayerSpec& spec = decoder.layers.emplace_back();
    spec.input_norm = one_plus(source, name + ".input_layernorm", epsilon);
    if (attend[static_cast<size_t>(layer)]) {
      name_attention(attention, name + ".self_attn");
      add_gate(source, epsilon, attention);
      spec.mixer = attention;
    } else {
      name_delta(source, layer, epsilon, delta);
      spec.mixer = delta;
    }
    spec.mlp_norm = one_plus(source, name + ".post_attention_layernorm", epsilon);
    if (!has_experts_only) spec.mlp = gated_mlp(name + ".mlp", width, activation);
  }
  return decoder;
}

}  // namespace estoc
