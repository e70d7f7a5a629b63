#include "tokenizer/bert_normalizer.h"

#include <array>

#include "tokenizer/library_characters.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/unicode.h"

namespace estoc {
namespace {

constexpr std::array<std::pair<uint32_t, uint32_t>, 8> kChinese = {{{0x4E00, 0x9FFF},
                                                                    {0x3400, 0x4DBF},
                                                                    {0x20000, 0x2A6DF},
                                                                    {0x2A700, 0x2B73F},
                                                                    {0x2B740, 0x2B81F},
                                                                    {0x2B920, 0x2CEAF},
                                                                    {0xF900, 0xFAFF},
                                                                    {0x2F800, 0x2FA1F}}};

bool is_chinese(uint32_t code_point) {
  if (code_point < 0x3400) return false;
  for (const auto& [first, last] : kChinese) {
    if (code_point >= first && code_point <= last) return true;
  }
  return false;
}

std::string cleaned(std::string_view text, const BertRules& rules) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  const CodePointSet& dropped = cleaned_away_characters();
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    const std::string_view character = text.substr(at, c.bytes);
    at += c.bytes;
    if (rules.clean_text && dropped.contains(c.code_point)) continue;
    if (rules.clean_text && (c.classes & kSpaceClass) != 0) {
      out += ' ';
    } else if (rules.spaces_around_chinese && is_chinese(c.code_point)) {
      (out += ' ') += character;
      out += ' ';
    } else {
      out += character;
    }
  }
  return out;
}

}  // namespace

std::string bert_normalized(std::string_view text, const BertRules& rules) {
  std::string out = cleaned(text, rules);
  if (rules.strip_accents) out = without(to_unicode_form(out, UnicodeForm::nfd), nonspacing_marks());
  return rules.lowercase ? to_lowercase(out) : out;
}

}  // namespace estoc
