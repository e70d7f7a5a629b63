// The GraniteMoE family: Llama's decoder with multipliers of embedding, attention, residual stream and logits, and
// experts whose weights are a softmax over the chosen; GraniteMoeShared has an MLP for all tokens beside them.
// Source: transformers models/granitemoe and models/granitemoeshared (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"
#include "models/mixture.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"GraniteMoeForCausalLM", "GraniteMoeSharedForCausalLM"};
constexpr GgufRename kRenames[] = {
    {"ffn_gate_inp", "block_sparse_moe.router.layer"}, {"ffn_gate_exps", "block_sparse_moe.gate_linear"},
    {"ffn_up_exps", "block_sparse_moe.up_linear"},     {"ffn_down_exps", "block_sparse_moe.output_linear"},
    {"ffn_gate_shexp", "shared_mlp.gate_proj"},        {"ffn_up_shexp", "shared_mlp.up_proj"},
    {"ffn_down_shexp", "shared_mlp.output_linear"}};
constexpr GgufArchitecture kGguf[] = {{.name = "granitemoe",
                                       .architecture = "GraniteMoeForCausalLM",
                                       .model_type = "granitemoe",
                                       .has_interleaved_heads = true,
                                       .renames = kRenames}};
constexpr std::string_view kComputes[] = {
    "attention_multiplier", "embedding_multiplier",           "logits_scaling", "num_experts", "num_local_experts",
    "residual_multiplier",  "shared_expert_intermediate_size"};
constexpr ConfigAlias kAliases[] = {{"shared_intermediate_size", "shared_expert_intermediate_size"}};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config = ConfigReader(source).with(kAliases);
  const auto multiplier = [&](std::string_view key, double fallback) {
    return static_cast<float>(config.number(key, 1e-9, 1e9, fallback));
  };
  DecoderSpec decoder = describe_llama(source);
  decoder.embedding_scale = multiplier("embedding_multiplier", 1);
  decoder.logit_scale = 1 / multiplier("logits_scaling", 1);
  const bool is_gguf = source.container() == "gguf";  // which has gate and up apart
  const int shared = config.integer("shared_expert_intermediate_size", 0, 1 << 20, 0);
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    LayerSpec& spec = decoder.layers[layer];
    spec.residual_scale = multiplier("residual_multiplier", 1);
    std::get<AttentionSpec>(spec.mixer).scale = multiplier("attention_multiplier", 1);
    const std::string name = "model.layers." + std::to_string(layer) + ".block_sparse_moe";
    MoeSpec moe = read_mixture(config, name);
    moe.rule.score = RouterRule::Score::softmax_of_chosen;
    moe.router = name + ".router.layer";
    moe.experts = name;
    moe.gate = "gate_linear", moe.up = "up_linear", moe.down = "output_linear", moe.gate_up = "input_linear";
    if (shared > 0) {
      moe.shared = SharedExpertSpec{.name = layer_name(layer) + ".shared_mlp",
                                    .down = "output_linear",
                                    .gate_up = is_gguf ? "" : "input_linear",
                                    .width = shared};
    }
    spec.mlp = std::move(moe);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily granite_moe;
constinit const ModelFamily granite_moe = {.name = "granite_moe",
                                           .architectures = kArchitectures,
                                           .describe = describe,
                                           .naming = {.gguf = kGguf},
                                           .computes = kComputes};

}  // namespace estoc
