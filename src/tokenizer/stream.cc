#include "tokenizer/stream.h"

#include <algorithm>

#include "base/utf8.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/whole_characters.h"

namespace estoc {
namespace {

// The bytes at the end of `text` that a further byte could still complete to a character: 0 to 3.
size_t unfinished_bytes(std::string_view text) {
  for (size_t bytes = std::min<size_t>(3, text.size()); bytes > 0; --bytes) {
    if (utf8_sequence_bytes(text.substr(text.size() - bytes)) == 0) return bytes;
  }
  return 0;
}

}  // namespace

TokenStream::TokenStream(const Tokenizer& tokenizer, bool skip_special, SharedList<TokenId> kept)
    : tokenizer_(tokenizer), skip_special_(skip_special), kept_(std::move(kept)) {}

void TokenStream::continue_after(std::span<const TokenId> prompt) {
  // Only the last few bytes matter. After a special token a new text starts.
  std::string tail;
  bool ends_in_text = false;
  for (size_t i = prompt.size(); i > 0 && tail.size() < 4; --i) {
    if (tokenizer_.is_special(prompt[i - 1])) break;
    ends_in_text = true;
    tail.insert(0, tokenizer_.token_bytes(prompt[i - 1]));
  }
  is_at_start_ = !ends_in_text;
  held_ = tail.substr(tail.size() - unfinished_bytes(tail));
  prompt_bytes_ = held_.size();
}

std::string TokenStream::push(TokenId id) {
  if (skip_special_ && tokenizer_.is_special(id) && std::ranges::find(kept_, id) == kept_.end()) return {};
  std::string_view bytes = tokenizer_.token_bytes(id);
  if (bytes.empty()) return {};
  if (is_at_start_ && tokenizer_.strips_leading_space() && bytes.starts_with(' ')) bytes.remove_prefix(1);
  is_at_start_ = false;
  held_ += bytes;
  if (prompt_bytes_ > 0) {
    // A character the prompt began is shown once it is whole; when the output breaks it off, that was the prompt's.
    const int length = utf8_sequence_bytes(held_);
    if (length == 0) return {};
    if (length < 0) held_.erase(0, prompt_bytes_);
    prompt_bytes_ = 0;
  }
  std::string out;
  move_whole_characters(held_, out);
  return out;
}

std::string TokenStream::finish() {
  held_.erase(0, prompt_bytes_);
  prompt_bytes_ = 0;
  std::string out = to_valid_utf8(held_);
  held_.clear();
  return out;
}

}  // namespace estoc
