// A model on disk opened whole: weights, tokenizer, chat template and generation defaults, whatever the container.
//
// Ownership: the checkpoint owns everything it hands out. Threads: immutable after open; read from any thread.
// Errors: open throws Error{not_found, corrupt_file, unsupported} in one sentence.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "chat/prompt.h"
#include "dialects/model_dialect.h"
#include "sampling/params.h"
#include "tokenizer/tokenizer.h"
#include "weights/weight_source.h"

namespace estoc {

struct Checkpoint {
  std::string path;
  std::string name;  // what the API calls it: file stem or folder name
  std::unique_ptr<WeightSource> weights;
  std::unique_ptr<Tokenizer> tokenizer;
  std::unique_ptr<PromptBuilder> prompts;  // with the model's chat template, if it has one
  ModelDialect dialect;                    // what the chat template shows of it
  GenerationDefaults defaults;
};

// `model` is a .gguf file, a Hugging Face directory or "demo" (the demo model in the user's cache folder).
Checkpoint open_checkpoint(const std::string& model);

// The tokenizer alone, also of a model that is not run here or whose weights are absent; or of a tokenizer's file.
std::unique_ptr<Tokenizer> open_model_tokenizer(const std::string& model);

// The file or folder `model` means; throws Error{not_found} with what to do when it is not there.
std::string resolve_model_path(const std::string& model);

// The name of a model at this path: file stem or folder name.
std::string checkpoint_name(const std::string& path);

}  // namespace estoc
