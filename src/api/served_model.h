// A model that a server offers, as the endpoints see it, and the list of those there are. Plain data; immutable while
// served, read by every thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/generator.h"
#include "api/server_stats.h"
#include "base/shared_list.h"
#include "chat/prompt.h"
#include "dialects/model_dialect.h"
#include "encoding/encoding_engine.h"
#include "models/model.h"
#include "sampling/params.h"
#include "tokenizer/tokenizer.h"

namespace estoc::grammar {
class ConstraintCache;
}

namespace estoc::api {

// What a model has of a place's memory.
struct PlaceMemory {
  std::string place;  // "cpu", "cuda:1"
  uint64_t weights = 0, kv = 0;
};

// What floating-point weights were rounded to when they were loaded.
struct WeightRounding {
  std::string type = "as-stored";    // or "int8", "int4"
  std::optional<double> divergence;  // in nats a token from as they are stored, on a sample; absent where nothing is
};

enum class ModelTask { generate, embed, score };

// The control tokens among a dialect's marks: they have to reach who reads an answer, and grammars may ask for them.
std::vector<TokenId> mark_tokens_of(const ModelDialect& dialect, const Tokenizer& tokenizer);

struct ServedModel {
  std::string name;                  // what clients write in `model`
  std::string fingerprint;           // `system_fingerprint`; empty gives null
  int64_t created = 0;               // seconds since 1970, for the model list
  int context = 0;                   // the engine's: prompt and output together, in tokens
  size_t text_bytes_max = SIZE_MAX;  // no longer text fits the context: longest_text_bytes()
  ModelInfo info;
  std::vector<PlaceMemory> memory;
  WeightRounding weights;
  GenerationDefaults defaults;
  // The caller owns them. The tokenizer is never null while served, nor are the others of a model that generates.
  const Tokenizer* tokenizer = nullptr;
  const PromptBuilder* prompts = nullptr;
  grammar::ConstraintCache* constraints = nullptr;
  ModelDialect dialect;             // how a chat's answers are read
  SharedList<TokenId> mark_tokens;  // mark_tokens_of(dialect)
  Generator* generator = nullptr;   // null in a test that generates nothing
  // Of a model that makes vectors or scores instead, in place of prompts and generator.
  EncodingEngine* encoder = nullptr;

  // Sets `dialect` and what follows from it. REQUIRES a tokenizer.
  void set_dialect(const ModelDialect& chosen);
  ModelTask task() const;
  ModelStats stats() const;  // of its engine; nothing where a test has none
};

class Models {
 public:
  // At least one; their names differ.
  explicit Models(std::vector<ServedModel> models);

  const std::vector<ServedModel>& list() const { return list_; }
  // For requests that name none: the first.
  const ServedModel& default_model() const { return list_.front(); }
  // Null when there is none of that name.
  const ServedModel* find(std::string_view name) const;
  // Throws ApiError{not_found, "model_not_found"} with the names there are.
  const ServedModel& named(std::string_view name) const;
  // The longest text that fits any of them.
  size_t text_bytes_max() const;

 private:
  std::vector<ServedModel> list_;
};

// Bytes of the longest text that can be `context` tokens: each of them the longest there is. A little is always
// allowed, because normalizing may shorten a text. Reads the whole vocabulary: call it once.
size_t longest_text_bytes(const Tokenizer& tokenizer, int context);

}  // namespace estoc::api
