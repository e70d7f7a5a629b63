// The Qwen3.5 family with experts (35B-A3B and its like, 3.6 with them): the dense one's layers before a softmax over
// many small experts, and one that every token goes to, weighed by a gate of its own.
// Source: transformers models/qwen3_5_moe (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/qwen_hybrid.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Qwen3_5MoeForCausalLM"};
constexpr GgufArchitecture kGguf[] = {{.name = "qwen35moe",
                                       .architecture = "Qwen3_5MoeForCausalLM",
                                       .model_type = "qwen3_5_moe_text",
                                       .renames = kQwenHybridRenames}};
constexpr TextModel kTextModels[] = {{.model_type = "qwen3_5_moe_text", .architecture = "Qwen3_5MoeForCausalLM"}};

DecoderSpec describe(const WeightSource& source) {
  DecoderSpec decoder = describe_qwen3_5(source);
  add_experts(source, decoder);
  return decoder;
}

}  // namespace

extern const ModelFamily qwen3_5_moe;
constinit const ModelFamily qwen3_5_moe = {.name = "qwen3_5_moe",
                                           .architectures = kArchitectures,
                                           .describe = describe,
                                           .naming = {.gguf = kGguf, .text_models = kTextModels},
                                           .computes = kQwenHybridMoeKeys};

}  // namespace estoc
