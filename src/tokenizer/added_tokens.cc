#include "tokenizer/added_tokens.h"

#include <algorithm>

#include "tokenizer/unicode.h"

namespace estoc {
namespace {

uint64_t edge_of(uint32_t node, char byte) { return uint64_t{node} << 8 | static_cast<unsigned char>(byte); }

// \w as Rust's regular expressions have it: joiners and circled letters count too.
bool is_word_character(const Character& c) {
  const auto is_in = [&](uint32_t first, uint32_t last) { return c.code_point >= first && c.code_point <= last; };
  return (c.classes & kWordClass) != 0 || is_in(0x200C, 0x200D) || is_in(0x24B6, 0x24E9) || is_in(0x1F130, 0x1F149) ||
         is_in(0x1F150, 0x1F169) || is_in(0x1F170, 0x1F189);
}

bool is_single_word(std::string_view text, size_t start, size_t end) {
  if (start > 0 && is_word_character(character_before(text, start))) return false;
  return end == text.size() || !is_word_character(character_at(text, end));
}

}  // namespace

void AddedTokens::add(std::string_view spelling, const AddedToken& token) {
  if (spelling.empty()) return;
  first_bytes_.set(static_cast<unsigned char>(spelling[0]));
  uint32_t node = 0;
  for (const char byte : spelling) {
    const auto [child, is_new] = children_.try_emplace(edge_of(node, byte), token_of_node_.size());
    if (is_new) token_of_node_.push_back(-1);
    node = child->second;
  }
  token_of_node_[node] = static_cast<int32_t>(tokens_.size());
  tokens_.push_back(token);
}

std::optional<AddedTokens::Match> AddedTokens::longest_at(std::string_view text, size_t at, bool parse_special) const {
  std::optional<Match> longest;
  uint32_t node = 0;
  for (size_t i = at; i < text.size(); ++i) {
    const auto child = children_.find(edge_of(node, text[i]));
    if (child == children_.end()) break;
    node = child->second;
    if (token_of_node_[node] < 0) continue;
    const AddedToken& token = tokens_[static_cast<size_t>(token_of_node_[node])];
    if (parse_special || !token.is_special) longest = Match{i + 1 - at, &token};
  }
  return longest;
}

void AddedTokens::split(std::string_view text, bool parse_special, const std::function<void(std::string_view)>& on_text,
                        const std::function<void(TokenId)>& on_token) const {
  size_t text_start = 0;  // of the stretch not yet handed out
  for (size_t at = 0; !tokens_.empty() && at < text.size();) {
    if (!first_bytes_[static_cast<unsigned char>(text[at])]) {
      ++at;
      continue;
    }
    const auto match = longest_at(text, at, parse_special);
    if (!match) {
      ++at;
      continue;
    }
    size_t end = at + match->bytes;
    if (match->token->single_word && !is_single_word(text, at, end)) {
      at = end;
      continue;
    }
    size_t start = at;
    while (match->token->takes_left && start > text_start) {
      const Character before = character_before(text, start);
      if ((before.classes & kSpaceClass) == 0 || before.bytes > start - text_start) break;
      start -= before.bytes;
    }
    while (match->token->takes_right && end < text.size()) {
      const Character after = character_at(text, end);
      if ((after.classes & kSpaceClass) == 0) break;
      end += after.bytes;
    }
    if (start > text_start) on_text(text.substr(text_start, start - text_start));
    on_token(match->token->id);
    text_start = end;
    // The search goes on where the spelling ended: blanks swallowed on its right may begin the next token.
    at += match->bytes;
  }
  if (text_start < text.size()) on_text(text.substr(text_start));
}

}  // namespace estoc
