// A.X-K1: DeepSeek V3's latent attention and experts, with a norm behind the experts.
// Source: transformers models/axk1 (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/latent.h"
#include "models/llama.h"
#include "models/mixture.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"AXK1ForCausalLM"};
constexpr std::string_view kComputes[] = {"first_k_dense_replace", "kv_lora_rank",      "mlp_layer_types",
                                          "n_routed_experts",      "num_local_experts", "partial_rotary_factor",
                                          "q_lora_rank",           "qk_nope_head_dim",  "qk_rope_head_dim",
                                          "rope_interleave",       "v_head_dim"};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_latent(source);
  const auto have_experts = layers_with_experts(config, decoder.layers.size(), 1);
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    if (!have_experts[layer]) continue;
    LayerSpec& spec = decoder.layers[layer];
    spec.mlp = read_sigmoid_mixture(config, std::get<GatedMlpSpec>(spec.mlp).name);
    spec.mlp_output_norm = NormSpec{layer_name(layer) + ".post_mlp_layernorm", decoder.norm.epsilon};
  }
  return decoder;
}

}  // namespace

extern const ModelFamily axk1;
constinit const ModelFamily axk1 = {
    .name = "axk1", .architectures = kArchitectures, .describe = describe, .computes = kComputes};

}  // namespace estoc
