#include "tokenizer/json_vocab.h"

#include "base/error.h"
#include "tokenizer/token_limits.h"

namespace estoc {
namespace {

// Ids may leave holes, but not so many that a small file asks for a huge table.
constexpr int64_t kHolesMax = 1 << 20;

}  // namespace

TokenId JsonVocabReader::checked_id(const Json& json, size_t entries) const {
  const int64_t max = static_cast<int64_t>(entries) + kHolesMax;
  if (!json.is_int() || json.as_double() < 0 || json.as_double() > static_cast<double>(max)) {
    fail(ErrorCode::corrupt_file, "{}: a token id is {}, expected an integer from 0 to {}", source_,
         to_json(json).substr(0, 40), max);
  }
  return static_cast<TokenId>(json.as_int());
}

void JsonVocabReader::add(std::string_view spelling, TokenId id, bool is_added) {
  const auto at = static_cast<size_t>(id);
  if (spelling.size() > kTokenBytesMax) {
    fail(ErrorCode::corrupt_file, "{}: token {} is {} bytes long, expected at most {}", source_, id, spelling.size(),
         kTokenBytesMax);
  }
  if (at >= parts_.token_bytes.size()) {
    parts_.token_bytes.resize(at + 1);
    parts_.is_special.resize(at + 1);
    if (!decoder_.is_local) parts_.spelling_of.resize(at + 1);
  }
  parts_.spellings.insert(spelling, id, !is_added);
  // The text of added tokens is written as it is, whatever the spelling of bytes is.
  parts_.token_bytes[at] = is_added && decoder_.is_byte_level ? std::string(spelling) : decoder_.decoder.run(spelling);
  if (!decoder_.is_local) parts_.spelling_of[at] = spelling;
}

void JsonVocabReader::read_model_tokens(const JsonFields& model, const JsonModelKind& kind) {
  const Json* vocab = model.find("vocab");
  if (vocab == nullptr || (kind.has_list ? !vocab->is_array() : !vocab->is_object())) {
    fail(ErrorCode::corrupt_file, "{}: vocab is missing or not an {}", model.where(),
         kind.has_list ? "array" : "object");
  }
  if (!kind.has_list) {
    parts_.spellings.reserve(vocab->as_object().size());
    for (const auto& [spelling, id] : vocab->as_object())
      add(spelling, checked_id(id, vocab->as_object().size()), false);
    return;
  }
  TokenId id = 0;
  parts_.spellings.reserve(vocab->as_array().size());
  for (const Json& entry : vocab->as_array()) {
    if (!entry.is_array() || entry.as_array().size() != 2 || !entry.as_array()[0].is_string() ||
        !entry.as_array()[1].is_number()) {
      fail(ErrorCode::corrupt_file, "{}: entry {} of vocab is {}, expected a pair of spelling and score", model.where(),
           id, to_json(entry).substr(0, 80));
    }
    add(entry.as_array()[0].as_string(), id++, false);
  }
}

void JsonVocabReader::read_added_tokens(const JsonFields& root) {
  if (root.find("added_tokens") == nullptr) return;
  const Json::Array& entries = root.array("added_tokens");
  const size_t count = parts_.token_bytes.size() + entries.size();
  for (const Json& json : entries) {
    const JsonFields fields(json, source_ + ": added_tokens");
    const std::string& content = fields.string("content");
    if (content.empty()) continue;
    // A token the model knows keeps the model's id.
    const auto known = parts_.spellings.find(content);
    const Json id_json(fields.integer("id"));
    const AddedToken token{.id = known ? *known : checked_id(id_json, count),
                           .is_special = fields.flag_or("special", false),
                           .single_word = fields.flag_or("single_word", false),
                           .takes_left = fields.flag_or("lstrip", false),
                           .takes_right = fields.flag_or("rstrip", false)};
    add(content, token.id, true);
    parts_.is_special[static_cast<size_t>(token.id)] = token.is_special;
    // A special token is shown as it is spelled, whatever joins words.
    if (token.is_special && !decoder_.is_local) parts_.token_bytes[static_cast<size_t>(token.id)] = content;
    if (fields.flag_or("normalized", !token.is_special)) {
      parts_.normalized_tokens.add(parts_.normalizer.apply(content), token);
    } else {
      parts_.raw_tokens.add(content, token);
    }
  }
}

}  // namespace estoc
