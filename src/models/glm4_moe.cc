// The GLM-4.5 family: half of every head turns, experts with sigmoid scores behind dense first layers, and shared
// experts. Layers that predict further tokens are not computed.
// Source: transformers models/glm4_moe (5.23); checked against tests/golden/.
#include "layers/rope.h"
#include "models/family.h"
#include "models/llama.h"
#include "models/mixture.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Glm4MoeForCausalLM"};
constexpr GgufRename kRenames[] = {{"post_attention_norm", "post_attention_layernorm"},
                                   {"attn_q_norm", "self_attn.q_norm"},
                                   {"attn_k_norm", "self_attn.k_norm"},
                                   {"ffn_gate_shexp", "mlp.shared_experts.gate_proj"},
                                   {"ffn_up_shexp", "mlp.shared_experts.up_proj"},
                                   {"ffn_down_shexp", "mlp.shared_experts.down_proj"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "glm4moe", .architecture = "Glm4MoeForCausalLM", .model_type = "glm4_moe", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"first_k_dense_replace", "n_routed_experts",      "num_experts",
                                          "num_local_experts",     "partial_rotary_factor", "use_qk_norm"};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_llama(source);
  const auto& first = std::get<AttentionSpec>(decoder.layers.front().mixer);
  decoder.ropes = {read_rope(source, {.head_dim = first.head_dim, .partial = 0.5})};
  // A GGUF file says it by having them.
  const bool has_head_norms = config.boolean("use_qk_norm", false) ||
                              (source.container() == "gguf" && source.find(first.name + ".q_norm.weight") != nullptr);
  const int dense = config.integer("first_k_dense_replace", 0, 1 << 20, 1);
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    LayerSpec& spec = decoder.layers[layer];
    auto& attention = std::get<AttentionSpec>(spec.mixer);
    if (has_head_norms) {
      attention.q_norm = NormSpec{attention.name + ".q_norm", decoder.norm.epsilon};
      attention.k_norm = NormSpec{attention.name + ".k_norm", decoder.norm.epsilon};
    }
    if (static_cast<int>(layer) < dense) continue;
    spec.mlp = read_sigmoid_mixture(config, std::get<GatedMlpSpec>(spec.mlp).name);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily glm4_moe;
constinit const ModelFamily glm4_moe = {.name = "glm4_moe",
                                        .architectures = kArchitectures,
                                        .describe = describe,
                                        .naming = {.gguf = kGguf},
                                        .computes = kComputes};

}  // namespace estoc
