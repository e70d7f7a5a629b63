#include "grammar/forced_tokens.h"

#include <algorithm>

#include "tokenizer/tokenizer.h"

namespace estoc::grammar {
namespace {

constexpr size_t kFoundMax = 4096;  // texts whose tokens are kept

// One of each kind of character that splitting rules tell apart.
constexpr std::string_view kProbes[] = {"a", "A", "0", " ", "\n", "\"", ",", "}", "_", "\xC3\xA9", "\xE4\xB8\xAD"};

}  // namespace

ForcedTokens::ForcedTokens(const Tokenizer& tokenizer, std::shared_ptr<const Vocabulary> vocabulary)
    : tokenizer_(tokenizer), vocabulary_(std::move(vocabulary)) {
  for (size_t token = 0; token < vocabulary_->token_count(); ++token) {
    if (!vocabulary_->bytes(static_cast<TokenId>(token)).empty()) by_text_.push_back(static_cast<TokenId>(token));
  }
  std::ranges::sort(by_text_, {}, [this](TokenId token) { return vocabulary_->bytes(token); });
}

void ForcedTokens::append(std::string_view bytes, bool is_whole, std::vector<TokenId>& tokens) const {
  if (bytes.empty()) return;
  std::string key(bytes);
  key.push_back(is_whole ? '1' : '0');
  {
    const MutexLock lock(mutex_);
    if (const auto found = found_.find(key); found != found_.end()) {
      tokens.insert(tokens.end(), found->second.begin(), found->second.end());
      return;
    }
  }
  std::vector<TokenId> all = find(bytes, is_whole);
  tokens.insert(tokens.end(), all.begin(), all.end());
  const MutexLock lock(mutex_);
  if (found_.size() >= kFoundMax) found_.clear();
  found_.emplace(std::move(key), std::move(all));
}

std::vector<TokenId> ForcedTokens::find(std::string_view bytes, bool is_whole) const {
  std::vector<TokenId> tokens = encode(bytes);
  if (!is_whole) tokens.resize(count_certain(bytes, tokens));
  return tokens;
}

// Empty when the text is not what its tokens say, as where characters are cut.
std::vector<TokenId> ForcedTokens::encode(std::string_view text) const {
  // Some vocabularies put a blank in front of a text: then it is encoded behind a line break, which nothing joins.
  for (const std::string_view before : {"", "\n"}) {
    std::vector<TokenId> tokens =
        tokenizer_.encode(std::string(before) + std::string(text), {.add_special = false, .parse_special = false});
    size_t left = text.size();
    auto first = tokens.end();
    while (first != tokens.begin() && left > 0) {
      const std::string_view piece = vocabulary_->bytes(*(first - 1));
      if (piece.empty() || piece.size() > left || text.substr(left - piece.size(), piece.size()) != piece) break;
      left -= piece.size();
      --first;
    }
    if (left > 0 || (before.empty() && first != tokens.begin())) continue;
    tokens.erase(tokens.begin(), first);
    return tokens;
  }
  return {};
}

size_t ForcedTokens::count_certain(std::string_view bytes, const std::vector<TokenId>& tokens) const {
  size_t count = 0, at = 0;
  for (; count < tokens.size() && !goes_on(bytes.substr(at)); ++count) at += vocabulary_->bytes(tokens[count]).size();
  for (const std::string_view probe : kProbes) {
    if (count == 0) break;
    const std::vector<TokenId> longer = encode(std::string(bytes) + std::string(probe));
    const auto differs = std::ranges::mismatch(tokens, longer).in1;
    count = std::min(count, static_cast<size_t>(differs - tokens.begin()));
  }
  return count;
}

// Whether some token is longer than this text and begins with it.
bool ForcedTokens::goes_on(std::string_view beginning) const {
  auto at =
      std::ranges::upper_bound(by_text_, beginning, {}, [this](TokenId token) { return vocabulary_->bytes(token); });
  return at != by_text_.end() && vocabulary_->bytes(*at).starts_with(beginning);
}

}  // namespace estoc::grammar
