#include "tokenizer/pre_tokenizer.h"

#include "tokenizer/text_replace.h"

namespace estoc {

void PreTokenizer::split(std::string& text, bool is_at_start, std::vector<std::string_view>& pieces) const {
  pieces.clear();
  if (text.empty()) return;
  if (adds_space_ && text.front() != ' ') text.insert(0, 1, ' ');
  if (!mark_.empty()) {
    text = replace_all(text, " ", mark_);
    const bool wants_mark = scheme_ == PrefixScheme::always || (scheme_ == PrefixScheme::first && is_at_start);
    if (wants_mark && !text.starts_with(mark_)) text.insert(0, mark_);
  }
  pieces.push_back(text);
  std::vector<std::string_view> smaller;
  for (const auto& splitter : splitters_) {
    smaller.clear();
    for (const std::string_view piece : pieces) splitter->split(piece, smaller);
    pieces.swap(smaller);
  }
}

}  // namespace estoc
