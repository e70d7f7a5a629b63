// Mistral 4: latent attention whose queries grow with their position, experts by a softmax in every layer and shared
// experts.
// Source: transformers models/mistral4 (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/latent.h"
#include "models/mixture.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Mistral4ForCausalLM"};
constexpr TextModel kTextModels[] = {{.model_type = "mistral4", .architecture = "Mistral4ForCausalLM"}};
constexpr std::string_view kComputes[] = {"first_k_dense_replace", "kv_lora_rank",      "llama_4_scaling_beta",
                                          "n_routed_experts",      "num_local_experts", "partial_rotary_factor",
                                          "q_lora_rank",           "qk_nope_head_dim",  "qk_rope_head_dim",
                                          "rope_interleave",       "v_head_dim"};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source), rope = config.object("rope_parameters");
  DecoderSpec decoder = describe_latent(source, {.is_share_of_head = true});
  const auto growth = static_cast<float>(rope.number("llama_4_scaling_beta", 0, 1e3, 0));
  const auto have_experts = layers_with_experts(config, decoder.layers.size(), 0);
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    LayerSpec& spec = decoder.layers[layer];
    auto& attention = std::get<LatentAttentionSpec>(spec.mixer);
    attention.position_growth = growth;
    if (growth != 0) attention.position_period = rope.integer("original_max_position_embeddings", 1, 1 << 30);
    if (!have_experts[layer]) continue;
    MoeSpec moe = read_grouped_mixture(config, std::get<GatedMlpSpec>(spec.mlp).name);
    moe.rule.group_best = 2;
    moe.rule.is_normalized = config.boolean("norm_topk_prob", true);
    moe.rule.epsilon = 1e-20f;
    spec.mlp = std::move(moe);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily mistral4;
constinit const ModelFamily mistral4 = {.name = "mistral4",
                                        .architectures = kArchitectures,
                                        .describe = describe,
                                        .naming = {.text_models = kTextModels},
                                        .computes = kComputes};

}  // namespace estoc
