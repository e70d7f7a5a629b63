// The dense Qwen3.5 family, 3.6 with it: Qwen's hybrids (qwen_hybrid.h) with MLPs as Llama's. Text only: pictures have
// positions of three axes, which are the same for text.
// Source: transformers models/qwen3_5 (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/qwen_hybrid.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Qwen3_5ForCausalLM"};
constexpr GgufArchitecture kGguf[] = {{.name = "qwen35",
                                       .architecture = "Qwen3_5ForCausalLM",
                                       .model_type = "qwen3_5_text",
                                       .renames = kQwenHybridRenames}};
constexpr TextModel kTextModels[] = {{.model_type = "qwen3_5_text", .architecture = "Qwen3_5ForCausalLM"}};

}  // namespace

DecoderSpec describe_qwen3_5(const WeightSource& source) {
  DecoderSpec decoder = describe_qwen_hybrid(source);
  if (source.container() != "gguf") return decoder;
  for (LayerSpec& layer : decoder.layers) {
    if (auto* delta = std::get_if<GatedDeltaSpec>(&layer.mixer)) delta->are_heads_in_turn = true;
  }
  return decoder;
}

extern const ModelFamily qwen3_5;
constinit const ModelFamily qwen3_5 = {.name = "qwen3_5",
                                       .architectures = kArchitectures,
                                       .describe = describe_qwen3_5,
                                       .naming = {.gguf = kGguf, .text_models = kTextModels},
                                       .computes = kQwenHybridKeys};

}  // namespace estoc
