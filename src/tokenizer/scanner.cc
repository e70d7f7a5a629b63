#include "tokenizer/scanner.h"

#include "tokenizer/split_patterns.h"
#include "tokenizer/unicode.h"

namespace estoc {
namespace {

// The first place from `at` on whose character is not in `set`.
size_t skip_in(std::string_view text, size_t at, ClassSet set) {
  while (at < text.size()) {
    const Character c = character_at(text, at);
    if ((c.classes & set) == 0) break;
    at += c.bytes;
  }
  return at;
}

// The same for characters outside `set`; bytes that are not UTF-8 are outside every set.
size_t skip_outside(std::string_view text, size_t at, ClassSet set) {
  while (at < text.size()) {
    const Character c = character_at(text, at);
    if ((c.classes & set) != 0) break;
    at += c.bytes;
  }
  return at;
}

bool is_line_end(uint32_t code_point) { return code_point == '\r' || code_point == '\n'; }

// \s+(?!\S)|\s+ : a run of blanks gives back its last one when something else follows.
size_t end_of_blanks(std::string_view text, size_t at) {
  size_t last = at;
  size_t end = at;
  while (end < text.size()) {
    const Character c = character_at(text, end);
    if ((c.classes & kSpaceClass) == 0) break;
    last = end;
    end += c.bytes;
  }
  return end < text.size() && last > at ? last : end;
}

// Bytes of 's 't 're 've 'm 'll 'd at text[at], 0 when there is none. Ignoring case also takes U+017F for s.
size_t contraction_bytes(std::string_view text, size_t at, bool ignores_case) {
  if (text[at] != '\'' || at + 1 >= text.size()) return 0;
  const auto lower = [&](size_t i) -> char {
    if (i >= text.size()) return '\0';
    const char c = text[i];
    return ignores_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  };
  const char first = lower(at + 1);
  const char second = lower(at + 2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if ((first == 'r' || first == 'v') && second == 'e') return 3;
  if (first == 'l' && second == 'l') return 3;
  if (ignores_case && text.substr(at + 1, 2) == "\xC5\xBF") return 3;
  return 0;
}

size_t scan_gpt2(std::string_view text, size_t at) {
  if (const size_t bytes = contraction_bytes(text, at, false)) return at + bytes;
  Character c = character_at(text, at);
  size_t body = at;
  if (c.code_point == ' ' && at + 1 < text.size()) {
    const Character next = character_at(text, at + 1);
    if ((next.classes & kSpaceClass) == 0) {
      c = next;
      body = at + 1;
    }
  }
  if ((c.classes & kSpaceClass) != 0) return end_of_blanks(text, at);
  if ((c.classes & kLetterClass) != 0) return skip_in(text, body + c.bytes, kLetterClass);
  if ((c.classes & kNumberClass) != 0) return skip_in(text, body + c.bytes, kNumberClass);
  return skip_outside(text, body + c.bytes, kSpaceClass | kLetterClass | kNumberClass);
}

size_t skip_line_ends(std::string_view text, size_t at) {
  while (at < text.size() && is_line_end(static_cast<unsigned char>(text[at]))) ++at;
  return at;
}

// \s*[\r\n]+ : up to the last line end of the run of blanks; `at` when the run has none.
size_t end_of_lines(std::string_view text, size_t at) {
  size_t end = at;
  for (size_t i = at; i < text.size();) {
    const Character c = character_at(text, i);
    if ((c.classes & kSpaceClass) == 0) break;
    i += c.bytes;
    if (is_line_end(c.code_point)) end = i;
  }
  return end;
}

size_t scan_llama3(std::string_view text, size_t at, int digits_max, ClassSet letters) {
  if (const size_t bytes = contraction_bytes(text, at, true)) return at + bytes;
  const Character c = character_at(text, at);
  const size_t after = at + c.bytes;
  if ((c.classes & kNumberClass) != 0) {
    size_t end = after;
    for (int digits = 1; digits < digits_max && end < text.size(); ++digits) {
      const Character next = character_at(text, end);
      if ((next.classes & kNumberClass) == 0) break;
      end += next.bytes;
    }
    return end;
  }
  if ((c.classes & kLetterClass) != 0) return skip_in(text, after, letters);
  // One character that is neither letter, number nor line end may lead a word. A byte that is not UTF-8 leads none,
  // because no class of the pattern matches it.
  if (!is_line_end(c.code_point) && c.code_point != kBrokenByte && after < text.size() &&
      (character_at(text, after).classes & letters) != 0) {
    return skip_in(text, after, letters);
  }
  if ((c.classes & letters) != 0) return skip_in(text, after, letters);
  const ClassSet not_other = kSpaceClass | kNumberClass | letters;
  if ((c.classes & not_other) == 0) return skip_line_ends(text, skip_outside(text, after, not_other));
  if (c.code_point == ' ' && after < text.size() && (character_at(text, after).classes & not_other) == 0) {
    return skip_line_ends(text, skip_outside(text, after, not_other));
  }
  const size_t lines = end_of_lines(text, at);
  return lines > at ? lines : end_of_blanks(text, at);
}

}  // namespace

size_t scan_word(ScanRule rule, std::string_view text, size_t at) {
  switch (rule) {
    case ScanRule::gpt2:
      return scan_gpt2(text, at);
    case ScanRule::llama3:
      return scan_llama3(text, at, 3, kLetterClass);
    case ScanRule::qwen2:
      return scan_llama3(text, at, 1, kLetterClass);
    case ScanRule::qwen35:
      break;
  }
  return scan_llama3(text, at, 1, kLetterClass | kMarkClass);
}

std::string_view pattern_of(ScanRule rule) {
  switch (rule) {
    case ScanRule::gpt2:
      return kGpt2Pattern;
    case ScanRule::llama3:
      return kLlama3Pattern;
    case ScanRule::qwen2:
      return kQwen2Pattern;
    case ScanRule::qwen35:
      break;
  }
  return kQwen35Pattern;
}

std::optional<ScanRule> scan_rule_of(std::string_view pattern) {
  for (const ScanRule rule : {ScanRule::gpt2, ScanRule::llama3, ScanRule::qwen2, ScanRule::qwen35}) {
    if (pattern_of(rule) == pattern) return rule;
  }
  return std::nullopt;
}

}  // namespace estoc
