#include "tokenizer/sentencepiece_normalizer.h"

#include "tokenizer/unicode.h"

namespace estoc {

SentencePieceNormalizer::Prefix SentencePieceNormalizer::prefix_of(std::string_view text) const {
  size_t kept_bytes = 0;
  uint32_t node = ByteTrie::kRoot;
  for (size_t i = 0; i < text.size(); ++i) {
    node = kept.child(node, text[i]);
    if (node == ByteTrie::kNone) break;
    if (kept.value(node) >= 0) kept_bytes = i + 1;
  }
  if (kept_bytes > 0) return {text.substr(0, kept_bytes), kept_bytes};
  if (map) {
    if (const auto match = map->longest(text)) return {match->text, match->bytes};
  }
  const Character c = character_at(text, 0);
  if (c.code_point == kBrokenByte) return {"\xEF\xBF\xBD", 1};
  return {text.substr(0, c.bytes), c.bytes};
}

std::string SentencePieceNormalizer::apply(std::string_view text) const {
  const std::string_view space = escapes_spaces ? "\xE2\x96\x81" : " ";
  while (removes_extra_spaces && !text.empty()) {
    const Prefix prefix = prefix_of(text);
    if (prefix.text != " ") break;
    text.remove_prefix(prefix.bytes);
  }
  std::string out;
  if (text.empty()) return out;
  out.reserve(text.size() + text.size() / 2 + space.size());
  if (adds_space) out += space;
  bool after_space = removes_extra_spaces;
  while (!text.empty()) {
    auto [part, bytes] = prefix_of(text);
    text.remove_prefix(bytes);
    while (after_space && part.starts_with(' ')) part.remove_prefix(1);
    for (const char c : part) {
      if (c == ' ') {
        out += space;
      } else {
        out += c;
      }
    }
    if (!part.empty()) after_space = removes_extra_spaces && part.ends_with(' ');
  }
  while (removes_extra_spaces && out.ends_with(space)) out.resize(out.size() - space.size());
  return out;
}

}  // namespace estoc
