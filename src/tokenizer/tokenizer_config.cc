#include "tokenizer/tokenizer_config.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "tokenizer/token_limits.h"

namespace estoc {
namespace {

// Ids may leave holes behind the vocabulary, but not so many that a small file asks for a huge table.
constexpr size_t kHolesMax = 1 << 20;

// "<s>" or {"content": "<s>", ...}; nothing when absent or not in the vocabulary.
std::optional<TokenId> find_named(const JsonFields& config, std::string_view key, const TextTable& spellings) {
  const Json* json = config.find(key);
  if (json != nullptr && json->is_object()) json = json->find("content");
  if (json == nullptr || !json->is_string()) return std::nullopt;
  return spellings.find(json->as_string());
}

TokenId id_of_key(const std::string& key, const JsonFields& config, size_t vocab_count) {
  TokenId id = -1;
  const auto [stop, error] = std::from_chars(key.data(), key.data() + key.size(), id);
  if (error != std::errc() || stop != key.data() + key.size() || id < 0 ||
      static_cast<size_t>(id) > vocab_count + kHolesMax) {
    fail(ErrorCode::corrupt_file, "{}: added_tokens_decoder: \"{}\" is no id, expected a number from 0 to {}",
         config.where(), key.substr(0, 40), vocab_count + kHolesMax);
  }
  return id;
}

}  // namespace

Json parse_json_file(std::string_view text, const std::string& where) {
  try {
    return parse_json(text);
  } catch (const Error& error) {
    throw Error(ErrorCode::corrupt_file, where + ": " + error.what());
  }
}

void apply_tokenizer_config(const JsonFields& config, TokenizerParts& parts) {
  parts.bos = find_named(config, "bos_token", parts.spellings);
  parts.eos = find_named(config, "eos_token", parts.spellings);
  if (parts.bos && config.find("add_bos_token") != nullptr) {
    const std::vector<TokenId> prefix = prefix_of(parts.templates);
    const bool has_bos = !prefix.empty() && prefix.front() == *parts.bos;
    const bool wants_bos = config.flag_or("add_bos_token", has_bos);
    if (wants_bos && !has_bos) put_before(parts.templates, *parts.bos);
    if (!wants_bos && has_bos) drop_first(parts.templates, *parts.bos);
  }
  if (parts.eos && config.find("add_eos_token") != nullptr) {
    const std::vector<TokenId> suffix = suffix_of(parts.templates);
    const bool has_eos = !suffix.empty() && suffix.back() == *parts.eos;
    const bool wants_eos = config.flag_or("add_eos_token", has_eos);
    if (wants_eos && !has_eos) put_after(parts.templates, *parts.eos);
    if (!wants_eos && has_eos) drop_last(parts.templates, *parts.eos);
  }
}

void add_tokens_of_config(const JsonFields& config, TokenizerParts& parts) {
  const Json* tokens = config.find("added_tokens_decoder");
  if (tokens == nullptr || !tokens->is_object()) return;
  const size_t vocab_count = parts.token_bytes.size();
  for (const auto& [key, json] : tokens->as_object()) {
    const JsonFields fields(json, config.where() + ": added_tokens_decoder");
    const TokenId id = id_of_key(key, config, vocab_count);
    const auto at = static_cast<size_t>(id);
    const std::string& content = fields.string("content");
    if (content.empty()) continue;
    if (content.size() > kTokenBytesMax) {
      fail(ErrorCode::corrupt_file, "{}: token {} is {} bytes long, expected at most {}", fields.where(), id,
           content.size(), kTokenBytesMax);
    }
    const size_t count = std::max(parts.token_bytes.size(), at + 1);
    parts.token_bytes.resize(count);
    parts.is_special.resize(count);
    if (parts.decoder != nullptr) parts.spelling_of.resize(count);
    const bool is_special = fields.flag_or("special", false);
    parts.raw_tokens.add(content, {.id = id,
                                   .is_special = is_special,
                                   .single_word = fields.flag_or("single_word", false),
                                   .takes_left = fields.flag_or("lstrip", false),
                                   .takes_right = fields.flag_or("rstrip", false)});
    parts.spellings.insert(content, id);
    parts.token_bytes[at] = content;
    parts.is_special[at] = is_special;
  }
}

}  // namespace estoc
