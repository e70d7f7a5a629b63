// The dense Qwen2 and Qwen2.5 family: Llama's decoder with biases on q, k and v.
// Source: transformers models/qwen2 (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"
#include "models/qwen_windows.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Qwen2ForCausalLM"};
constexpr GgufArchitecture kGguf[] = {{.name = "qwen2", .architecture = "Qwen2ForCausalLM", .model_type = "qwen2"}};
constexpr TextModel kTextModels[] = {{.model_type = "qwen2", .architecture = "Qwen2ForCausalLM"}};
constexpr std::string_view kComputes[] = {"use_sliding_window"};

// A projection adds the bias that the file has; these the file must have.
void require_biases(const WeightSource& source, const AttentionSpec& attention) {
  const int64_t queries[] = {int64_t{attention.heads} * attention.head_dim};
  const int64_t keys[] = {int64_t{attention.kv_heads} * attention.head_dim};
  source.require(attention.name + ".q_proj.bias", queries);
  source.require(attention.name + ".k_proj.bias", keys);
  source.require(attention.name + ".v_proj.bias", keys);
}

DecoderSpec describe(const WeightSource& source) {
  DecoderSpec decoder = describe_llama(source);
  read_qwen_windows(source, decoder);
  for (const LayerSpec& layer : decoder.layers) require_biases(source, std::get<AttentionSpec>(layer.mixer));
  return decoder;
}

}  // namespace

extern const ModelFamily qwen2;
constinit const ModelFamily qwen2 = {.name = "qwen2",
                                     .architectures = kArchitectures,
                                     .describe = describe,
                                     .naming = {.gguf = kGguf, .text_models = kTextModels},
                                     .computes = kComputes};

}  // namespace estoc
