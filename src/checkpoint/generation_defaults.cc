#include "checkpoint/generation_defaults.h"

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "tokenizer/end_spellings.h"

namespace estoc {
namespace {

// Lists in files are a handful; more than this is no list of ends.
constexpr size_t kEndTokensMax = 1024;

class EndTokens {
 public:
  EndTokens(const std::string& path, const Tokenizer& tokenizer) : path_(path), tokenizer_(tokenizer) {}

  void add(TokenId id) {
    if (std::ranges::find(ids_, id) == ids_.end() && ids_.size() < kEndTokensMax) ids_.push_back(id);
  }

  // An id or a list of ids; negative ones mean none.
  void add_all(const Json* value) {
    if (value == nullptr || value->is_null()) return;
    if (value->is_array()) {
      for (const Json& item : value->as_array()) add_one(item);
    } else {
      add_one(*value);
    }
  }

  std::vector<TokenId> ids() && { return std::move(ids_); }

 private:
  void add_one(const Json& value) {
    const bool is_token = value.is_int() && value.as_double() >= 0 && value.as_double() < tokenizer_.vocab_count();
    if (is_token) return add(static_cast<TokenId>(value.as_int()));
    log_warn("{}: eos_token_id names {}, which is no token: left out", path_, to_json(value).substr(0, 40));
  }

  const std::string& path_;
  const Tokenizer& tokenizer_;
  std::vector<TokenId> ids_;
};

// The number under `key` when it is one that a request could ask for.
std::optional<float> number(const Json& config, const char* key, double low, double high, const std::string& path) {
  const Json* value = config.find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (value->is_number() && value->as_double() >= low && value->as_double() <= high) {
    return static_cast<float>(value->as_double());
  }
  log_warn("{}: the recommended {} is {}, expected a number from {} to {}: left out", path, key,
           to_json(*value).substr(0, 40), low, high);
  return std::nullopt;
}

}  // namespace

GenerationDefaults generation_defaults(const WeightSource& weights, const Tokenizer& tokenizer) {
  const Json& config = weights.generation_config();
  const std::string& path = weights.path();
  EndTokens ends(path, tokenizer);
  ends.add_all(config.find("eos_token_id"));
  ends.add_all(weights.config().find("eos_token_id"));
  if (tokenizer.eos()) ends.add(*tokenizer.eos());
  for (const TokenId id : well_known_ends(tokenizer)) ends.add(id);
  GenerationDefaults defaults;
  defaults.end_tokens = std::move(ends).ids();
  // "do_sample": false means greedy whatever the numbers beside it say.
  const Json* do_sample = config.find("do_sample");
  if (do_sample != nullptr && do_sample->is_bool() && !do_sample->as_bool()) return defaults;
  defaults.temperature = number(config, "temperature", 0, 100, path);
  defaults.top_p = number(config, "top_p", 0, 1, path);
  defaults.min_p = number(config, "min_p", 0, 1, path);
  defaults.repetition_penalty = number(config, "repetition_penalty", 0.01, 100, path);
  if (const auto top_k = number(config, "top_k", -1, 1 << 24, path)) {
    defaults.top_k = std::max(0, static_cast<int>(*top_k));  // -1 keeps all, too
  }
  return defaults;
}

}  // namespace estoc
