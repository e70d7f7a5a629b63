// The Gemma 3 family, its text: Gemma 2 with norms over each head of queries and keys, and five layers of windows,
// turned by frequencies of their own, to one that sees all of the past.
// Source: transformers models/gemma3 (5.23); checked against tests/golden/.
#include "layers/rope.h"
#include "models/family.h"
#include "models/gemma.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Gemma3ForCausalLM", "Gemma3TextForCausalLM"};
constexpr GgufArchitecture kGguf[] = {
    {.name = "gemma3", .architecture = "Gemma3ForCausalLM", .model_type = "gemma3_text", .renames = kGemma3Renames}};
constexpr TextModel kTextModels[] = {
    {.model_type = "gemma3_text",
     .architecture = "Gemma3ForCausalLM",
     .defaults = R"({"vocab_size": 262208, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26,
                     "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
                     "max_position_embeddings": 131072, "sliding_window": 4096})"}};
constexpr std::string_view kComputes[] = {
    "attn_logit_softcapping", "final_logit_softcapping", "full_attention",    "layer_types",
    "query_pre_attn_scalar",  "rope_local_base_freq",    "sliding_attention", "sliding_window_pattern"};

}  // namespace

DecoderSpec describe_gemma3(const WeightSource& source) {
  constexpr int kPatternMax = 1024;
  const ConfigReader config(source);
  DecoderSpec decoder = describe_gemma(source);
  make_sandwich(source, config.integer("sliding_window_pattern", 1, kPatternMax, 6), decoder);
  const int head_dim = std::get<AttentionSpec>(decoder.layers.front().mixer).head_dim;
  decoder.ropes = {read_rope(source, {.head_dim = head_dim, .layer_type = "full_attention", .theta = 1e6}),
                   read_rope(source, {.head_dim = head_dim,
                                      .layer_type = "sliding_attention",
                                      .theta_key = "rope_local_base_freq",
                                      .has_scaling = config.find("rope_parameters") != nullptr})};
  for (LayerSpec& layer : decoder.layers) {
    auto& attention = std::get<AttentionSpec>(layer.mixer);
    attention.rope = attention.window > 0 ? 1 : 0;
    attention.q_norm = layer.input_norm;
    attention.q_norm->name = attention.name + ".q_norm";
    attention.k_norm = layer.input_norm;
    attention.k_norm->name = attention.name + ".k_norm";
  }
  return decoder;
}

extern const ModelFamily gemma3;
constinit const ModelFamily gemma3 = {.name = "gemma3",
                                      .architectures = kArchitectures,
                                      .describe = describe_gemma3,
                                      .naming = {.gguf = kGguf, .text_models = kTextModels},
                                      .computes = kComputes};

}  // namespace estoc
