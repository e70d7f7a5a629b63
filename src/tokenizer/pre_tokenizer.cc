#include "tokenizer/pre_tokenizer.h"

#include "tokenizer/byte_level.h"
#include "tokenizer/text_replace.h"

namespace estoc {

void PreTokenizer::add_splitter(std::unique_ptr<Splitter> splitter) { steps_.push_back({std::move(splitter), {}}); }

void PreTokenizer::add_prefix_space() {
  steps_.push_back({nullptr, [](std::string_view piece, bool, std::string& out) {
                      if (!piece.starts_with(' ')) out += ' ';
                      out += piece;
                    }});
}

void PreTokenizer::mark_spaces(std::string mark, PrefixScheme scheme) {
  steps_.push_back({nullptr, [mark = std::move(mark), scheme](std::string_view piece, bool is_first, std::string& out) {
                      const std::string marked = replace_all(piece, " ", mark);
                      const bool wants = scheme == PrefixScheme::always || (scheme == PrefixScheme::first && is_first);
                      if (wants && !marked.starts_with(mark)) out += mark;
                      out += marked;
                    }});
}

void PreTokenizer::spell_bytes() {
  steps_.push_back({nullptr, [](std::string_view piece, bool, std::string& out) { out += spelling_of_bytes(piece); }});
}

void PreTokenizer::split(std::string& text, bool is_at_start, std::vector<std::string_view>& pieces) const {
  pieces.clear();
  if (text.empty()) return;
  pieces.push_back(text);
  std::vector<std::string_view> smaller;
  for (const Step& step : steps_) {
    if (step.splitter != nullptr) {
      smaller.clear();
      for (const std::string_view piece : pieces) step.splitter->split(piece, smaller);
      pieces.swap(smaller);
      continue;
    }
    std::string rewritten;
    std::vector<size_t> ends;
    is_at_start = is_at_start && !pieces.empty() && pieces.front().data() == text.data();
    for (size_t i = 0; i < pieces.size(); ++i) {
      step.rewrite(pieces[i], is_at_start && i == 0, rewritten);
      ends.push_back(rewritten.size());
    }
    text = std::move(rewritten);
    for (size_t i = 0; i < pieces.size(); ++i) {
      const size_t begin = i == 0 ? 0 : ends[i - 1];
      pieces[i] = std::string_view(text).substr(begin, ends[i] - begin);
    }
  }
}

}  // namespace estoc
