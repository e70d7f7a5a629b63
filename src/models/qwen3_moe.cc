// The Qwen3-MoE family (30B-A3B, Coder): Qwen3's attention before many small experts, of which a softmax over all
// chooses.
// Source: transformers models/qwen3_moe (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/mixture.h"
#include "models/qwen3.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Qwen3MoeForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_q_norm", "self_attn.q_norm"}, {"attn_k_norm", "self_attn.k_norm"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "qwen3moe", .architecture = "Qwen3MoeForCausalLM", .model_type = "qwen3_moe", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"num_experts", "num_local_experts"};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_qwen3(source);
  const bool is_gguf = source.container() == "gguf";  // whose converter expects what all of these models have
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    if (!is_sparse_layer(config, static_cast<int>(layer))) continue;
    MoeSpec moe = read_mixture(config, "model.layers." + std::to_string(layer) + ".mlp");
    moe.rule.is_normalized = config.boolean("norm_topk_prob", is_gguf);
    decoder.layers[layer].mlp = std::move(moe);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily qwen3_moe;
constinit const ModelFamily qwen3_moe = {.name = "qwen3_moe",
                                         .architectures = kArchitectures,
                                         .describe = describe,
                                         .naming = {.gguf = kGguf},
                                         .computes = kComputes};

}  // namespace estoc
