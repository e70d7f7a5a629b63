// The Gemma 2 family: Gemma with norms on both sides of every part, capped scores and logits, and windows in every
// second layer.
// Source: transformers models/gemma2 (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/gemma.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Gemma2ForCausalLM"};
constexpr GgufRename kRenames[] = {{"post_attention_norm", "post_attention_layernorm"},
                                   {"ffn_norm", "pre_feedforward_layernorm"},
                                   {"post_ffw_norm", "post_feedforward_layernorm"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "gemma2", .architecture = "Gemma2ForCausalLM", .model_type = "gemma2", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"attn_logit_softcapping", "final_logit_softcapping", "layer_types",
                                          "query_pre_attn_scalar"};

DecoderSpec describe(const WeightSource& source) {
  DecoderSpec decoder = describe_gemma(source);
  make_sandwich(source, 2, decoder);
  return decoder;
}

}  // namespace

extern const ModelFamily gemma2;
constinit const ModelFamily gemma2 = {.name = "gemma2",
                                      .architectures = kArchitectures,
                                      .describe = describe,
                                      .naming = {.gguf = kGguf},
                                      .computes = kComputes};

}  // namespace estoc
