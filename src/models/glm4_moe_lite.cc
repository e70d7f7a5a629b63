// GLM-4.7-Flash: DeepSeek V3's latent attention and experts. GGUF files call it deepseek2. Layers that predict further
// tokens are not computed.
// Source: transformers models/glm4_moe_lite (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/latent.h"
#include "models/mixture.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Glm4MoeLiteForCausalLM"};
constexpr std::string_view kComputes[] = {"first_k_dense_replace", "kv_lora_rank",      "mlp_layer_types",
                                          "n_routed_experts",      "num_local_experts", "partial_rotary_factor",
                                          "q_lora_rank",           "qk_nope_head_dim",  "qk_rope_head_dim",
                                          "rope_interleave",       "v_head_dim"};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_latent(source, {.epsilon = 1e-5});
  const auto have_experts = layers_with_experts(config, decoder.layers.size(), 1);
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    MlpSpec& mlp = decoder.layers[layer].mlp;
    if (have_experts[layer]) mlp = read_sigmoid_mixture(config, std::get<GatedMlpSpec>(mlp).name);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily glm4_moe_lite;
constinit const ModelFamily glm4_moe_lite = {
    .name = "glm4_moe_lite", .architectures = kArchitectures, .describe = describe, .computes = kComputes};

}  // namespace estoc
