// EmbeddingGemma: Gemma 3's layers, in which tokens see the whole text or a window to either side, with the mean of
// their rows and the products that the model's modules name.
// Source: transformers models/gemma3 (5.23); checked against tests/golden/.
#include "models/encoder_family.h"
#include "models/gemma.h"
#include "weights/config_reader.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Gemma3TextModel"};
constexpr GgufArchitecture kGguf[] = {{.name = "gemma-embedding",
                                       .architecture = "Gemma3TextModel",
                                       .model_type = "gemma3_text",
                                       .renames = kGemma3Renames}};
constexpr std::string_view kComputes[] = {"attn_logit_softcapping",
                                          "final_logit_softcapping",
                                          "full_attention",
                                          "layer_types",
                                          "query_pre_attn_scalar",
                                          "rope_local_base_freq",
                                          "sliding_attention",
                                          "sliding_window_pattern",
                                          "use_bidirectional_attention",
                                          "is_causal",
                                          "dense_2_feat_in",
                                          "dense_2_feat_out",
                                          "dense_3_feat_in",
                                          "dense_3_feat_out"};

EncoderSpec describe(const WeightSource& source, EncoderInfo::Task) {
  const ConfigReader config(source);
  const bool is_gguf = source.container() == "gguf";
  EncoderSpec encoder;
  encoder.stack = describe_gemma3(source);
  encoder.stack.is_causal = !is_gguf && !config.boolean("use_bidirectional_attention", false);
  for (LayerSpec& layer : encoder.stack.layers) {
    auto& attention = std::get<AttentionSpec>(layer.mixer);
    if (!encoder.stack.is_causal && attention.window > 0) attention.window = attention.window / 2 + 1;
  }
  encoder.has_norm = true;
  encoder.tokens_max = encoder.stack.context_max;
  encoder.embedding = {.table = "model.embed_tokens"};
  encoder.pooling = {Pooling::mean};
  for (const char* dense : {"dense_2", "dense_3"}) {
    if (source.find(std::string(dense) + ".weight") != nullptr) encoder.steps.push_back(label_step(source, dense));
  }
  return encoder;
}

}  // namespace

extern const EncoderFamily embedding_gemma;
constinit const EncoderFamily embedding_gemma = {.name = "embedding_gemma",
                                                 .architectures = kArchitectures,
                                                 .describe = describe,
                                                 .naming = {.gguf = kGguf},
                                                 .computes = kComputes};

}  // namespace estoc
