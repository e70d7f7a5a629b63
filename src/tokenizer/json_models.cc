#include "tokenizer/json_models.h"

#include <algorithm>

#include "base/error.h"

namespace estoc {
namespace {

bool never(const JsonFields&) { return false; }

constexpr JsonModelKind kModelKinds[] = {
    {"BPE", false, bpe_takes_bytes, read_bpe_model},
    {"Unigram", true, never, read_unigram_model},
    {"WordPiece", false, never, read_word_piece_model},
    {"WordLevel", false, never, read_word_level_model},
};

// What the fields say of a model without a name.
std::string_view guessed_kind(const JsonFields& json) {
  const Json* vocab = json.find("vocab");
  if (json.find("merges") != nullptr) return "BPE";
  if (vocab != nullptr && vocab->is_array()) return "Unigram";
  if (json.find("continuing_subword_prefix") != nullptr && json.find("max_input_chars_per_word") != nullptr)
    return "WordPiece";
  return "WordLevel";
}

}  // namespace

const JsonModelKind& model_kind_of(const JsonFields& json, const std::string& source) {
  std::string name = json.string_or("type", "");
  if (name.empty()) name = guessed_kind(json);
  const auto* found = std::ranges::find(kModelKinds, name, &JsonModelKind::name);
  if (found != std::end(kModelKinds)) return *found;
  std::string known;
  for (const JsonModelKind& kind : kModelKinds) known += (known.empty() ? "" : ", ") + std::string(kind.name);
  fail(ErrorCode::unsupported, "{}: model type {} is not supported ({} are)", source, name.substr(0, 100), known);
}

TokenId named_token(const JsonModelSource& source, std::string_view key, const std::string& spelling) {
  const auto id = source.spellings.find(spelling);
  if (!id)
    fail(ErrorCode::corrupt_file, "{}: {} {} is not in the vocabulary", source.source, key, spelling.substr(0, 100));
  return *id;
}

}  // namespace estoc
