#include "checkpoint/checkpoint.h"

#include <filesystem>

#include "base/error.h"
#include "base/home_folders.h"
#include "base/mapped_file.h"
#include "checkpoint/generation_defaults.h"
#include "checkpoint/gguf_vocab.h"
#include "checkpoint/template_source.h"
#include "models/encoder_family.h"
#include "models/family.h"
#include "weights/gguf_file.h"

namespace estoc {
namespace {

constexpr const char* kDemoFile = "SmolLM2-135M-Instruct.Q4_1.gguf";

std::unique_ptr<Tokenizer> tokenizer_of(const WeightSource& weights) {
  if (weights.metadata() != nullptr) return build_tokenizer(gguf_vocab(*weights.metadata()));
  return open_tokenizer(weights.path());
}

// A vocabulary with more ordinary tokens than the embedding has rows belongs to another model. Special tokens may
// exceed it: fine-tunes add padding tokens that nobody ever feeds to the model.
void check_vocabulary(const WeightSource& weights, const Tokenizer& tokenizer) {
  const NamingRules& naming = is_encoder(weights) ? encoder_family_of(weights)->naming : family_of(weights).naming;
  const WeightTensor* embedding = weights.find(naming.embedding_weight());
  if (embedding == nullptr || embedding->shape.size() != 2) return;  // the family says what is wrong with the weights
  for (int64_t id = embedding->rows(); id < tokenizer.vocab_count(); ++id) {
    if (tokenizer.is_special(static_cast<TokenId>(id))) continue;
    fail(ErrorCode::corrupt_file, "{}: the tokenizer has {} tokens, but the model's embedding has {} rows",
         weights.path(), tokenizer.vocab_count(), embedding->rows());
  }
}

}  // namespace

std::string checkpoint_name(const std::string& path) {
  const std::filesystem::path normal = std::filesystem::path(path).lexically_normal();
  const std::filesystem::path last = normal.has_filename() ? normal : normal.parent_path();
  return last.extension() == ".gguf" ? last.stem().string() : last.filename().string();
}

std::string resolve_model_path(const std::string& model) {
  std::string path = model;
  if (model == "demo") {
    path = cache_directory() + "/" + kDemoFile;
    if (!std::filesystem::exists(path)) {
      fail(ErrorCode::not_found, "the demo model is not at {}: `make demo` downloads it", path);
    }
  }
  if (!std::filesystem::exists(path)) {
    fail(ErrorCode::not_found, "{}: no such model; expected a .gguf file, a Hugging Face folder or `demo`", path);
  }
  return path;
}

std::unique_ptr<Tokenizer> open_model_tokenizer(const std::string& model) {
  const std::string path = resolve_model_path(model);
  if (std::filesystem::is_directory(path)) return open_tokenizer(path);
  const MappedFile file(path);
  if (!has_gguf_magic(file.bytes())) return open_tokenizer(path);
  return build_tokenizer(gguf_vocab(parse_gguf(file.bytes(), path).metadata));
}

Checkpoint open_checkpoint(const std::string& model) {
  Checkpoint checkpoint;
  checkpoint.path = resolve_model_path(model);
  checkpoint.name = checkpoint_name(checkpoint.path);
  checkpoint.weights = open_weights(checkpoint.path, naming_rules());
  checkpoint.tokenizer = tokenizer_of(*checkpoint.weights);
  check_vocabulary(*checkpoint.weights, *checkpoint.tokenizer);
  std::optional<ChatTemplate> chat_template;
  if (const auto source = template_source(*checkpoint.weights)) {
    checkpoint.dialect = detect_model_dialect(*source);
    chat_template.emplace(*source, checkpoint.name + "'s chat template");
  }
  checkpoint.prompts = std::make_unique<PromptBuilder>(*checkpoint.tokenizer, std::move(chat_template));
  checkpoint.defaults = generation_defaults(*checkpoint.weights, *checkpoint.tokenizer);
  return checkpoint;
}

}  // namespace estoc
