// The Qwen2-MoE family: Qwen2's decoder with many small experts and a wide one that every token goes to, weighed by a
// gate of its own.
// Source: transformers models/qwen2_moe (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"
#include "models/mixture.h"
#include "models/qwen_windows.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Qwen2MoeForCausalLM"};
constexpr GgufArchitecture kGguf[] = {
    {.name = "qwen2moe", .architecture = "Qwen2MoeForCausalLM", .model_type = "qwen2_moe"}};
constexpr std::string_view kComputes[] = {"num_experts", "num_local_experts", "shared_expert_intermediate_size"};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_llama(source);
  read_qwen_windows(source, decoder);
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    if (!is_sparse_layer(config, static_cast<int>(layer))) continue;
    const std::string name = "model.layers." + std::to_string(layer) + ".mlp";
    MoeSpec moe = read_mixture(config, name);
    moe.rule.is_normalized = config.boolean("norm_topk_prob", false);
    moe.shared =
        SharedExpertSpec{.name = name + ".shared_expert",
                         .width = config.integer("shared_expert_intermediate_size", 1, 1 << 20, mlp_width(config)),
                         .weigher = name + ".shared_expert_gate"};
    decoder.layers[layer].mlp = std::move(moe);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily qwen2_moe;
constinit const ModelFamily qwen2_moe = {.name = "qwen2_moe",
                                         .architectures = kArchitectures,
                                         .describe = describe,
                                         .naming = {.gguf = kGguf},
                                         .computes = kComputes};

}  // namespace estoc
