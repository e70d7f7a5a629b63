// Decoders that are used as encoders: the last token's row is the text's (Qwen3-Embedding and others), a class for
// scores reads it, or the logits of two answers are compared there (Qwen3-Reranker). Layers and names are the
// decoder's.
// Source: transformers models/qwen3, qwen2, llama and mistral (5.23); checked against tests/golden/.
#include <string>

#include "base/error.h"
#include "models/encoder_family.h"
#include "models/family.h"
#include "models/sentence_modules.h"

namespace estoc {
namespace {

constexpr std::string_view kQwen3[] = {"Qwen3Model", "Qwen3ForSequenceClassification", "Qwen3ForCausalLM"};
constexpr std::string_view kQwen2[] = {"Qwen2Model", "Qwen2ForSequenceClassification", "Qwen2ForCausalLM"};
constexpr std::string_view kLlama[] = {"LlamaModel",   "LlamaForSequenceClassification",   "LlamaForCausalLM",
                                       "MistralModel", "MistralForSequenceClassification", "MistralForCausalLM"};
constexpr std::string_view kComputes[] = {"use_sliding_window", "classifier.output_labels"};

// The decoder's part of a GGUF reranker: rows for yes and no, or one of the score itself.
VectorStepSpec gguf_score_step(const WeightSource& source) {
  VectorStepSpec step = label_step(source, "cls.output");
  if (step.outputs != 2) return step;
  step.rows = {0, 1};
  step.tensor_rows = 2;
  step.outputs = 1;
  return step;
}

EncoderSpec describe_as(const WeightSource& source, EncoderInfo::Task task,
                        DecoderSpec (*describe)(const WeightSource&)) {
  EncoderSpec encoder;
  encoder.stack = describe(source);
  encoder.has_norm = true;
  encoder.tokens_max = encoder.stack.context_max;
  encoder.embedding = {.table = "model.embed_tokens"};
  encoder.pooling = {Pooling::last};
  if (task == EncoderInfo::Task::embed) return encoder;
  if (is_classifier(architecture_of(source))) {
    encoder.steps = {label_step(source, "score")};
  } else if (source.find("cls.output.weight") != nullptr) {
    encoder.steps = {gguf_score_step(source)};
  }
  return encoder;
}

}  // namespace

extern const ModelFamily qwen3, qwen2, llama;

extern const EncoderFamily qwen3_encoder, qwen2_encoder, llama_encoder;
constinit const EncoderFamily qwen3_encoder = {
    .name = "qwen3",
    .architectures = kQwen3,
    .describe = [](const WeightSource& source,
                   EncoderInfo::Task task) { return describe_as(source, task, qwen3.describe); },
    .computes = kComputes};
constinit const EncoderFamily qwen2_encoder = {
    .name = "qwen2",
    .architectures = kQwen2,
    .describe = [](const WeightSource& source,
                   EncoderInfo::Task task) { return describe_as(source, task, qwen2.describe); },
    .computes = kComputes};
constinit const EncoderFamily llama_encoder = {
    .name = "llama",
    .architectures = kLlama,
    .describe = [](const WeightSource& source,
                   EncoderInfo::Task task) { return describe_as(source, task, llama.describe); },
    .computes = kComputes};

}  // namespace estoc
