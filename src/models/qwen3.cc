// The dense Qwen3 family: Llama's decoder with an RMS norm over each query and key head before the rotary embedding.
// Heads are as wide as the config says, mostly wider than hidden / heads.
// Source: transformers models/qwen3 (5.23); checked against tests/golden/.
#include "models/qwen3.h"

#include "models/family.h"
#include "models/llama.h"
#include "models/qwen_windows.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Qwen3ForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_q_norm", "self_attn.q_norm"}, {"attn_k_norm", "self_attn.k_norm"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "qwen3", .architecture = "Qwen3ForCausalLM", .model_type = "qwen3", .renames = kRenames}};
constexpr TextModel kTextModels[] = {{.model_type = "qwen3", .architecture = "Qwen3ForCausalLM"}};
constexpr std::string_view kComputes[] = {"use_sliding_window"};

}  // namespace

DecoderSpec describe_qwen3(const WeightSource& source) {
  DecoderSpec decoder = describe_llama(source);
  read_qwen_windows(source, decoder);
  for (LayerSpec& layer : decoder.layers) {
    auto& attention = std::get<AttentionSpec>(layer.mixer);
    attention.q_norm = NormSpec{attention.name + ".q_norm", decoder.norm.epsilon};
    attention.k_norm = NormSpec{attention.name + ".k_norm", decoder.norm.epsilon};
  }
  return decoder;
}

extern const ModelFamily qwen3;
constinit const ModelFamily qwen3 = {.name = "qwen3",
                                     .architectures = kArchitectures,
                                     .describe = describe_qwen3,
                                     .naming = {.gguf = kGguf, .text_models = kTextModels},
                                     .computes = kComputes};

}  // namespace estoc
