#include "tokenizer/text_replace.h"

#include "tokenizer/regex.h"

namespace estoc {

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  out.reserve(text.size());
  size_t start = 0;
  for (size_t at = text.find(from); at != std::string_view::npos; at = text.find(from, start)) {
    out += text.substr(start, at - start);
    out += to;
    start = at + from.size();
  }
  out += text.substr(start);
  return out;
}

std::string replace_matches(std::string_view text, const Regex& pattern, std::string_view to) {
  std::string out;
  out.reserve(text.size());
  size_t start = 0;
  pattern.find_all(text, [&](size_t match, size_t end) {
    out += text.substr(start, match - start);
    out += to;
    start = end;
  });
  out += text.substr(start);
  return out;
}

}  // namespace estoc
