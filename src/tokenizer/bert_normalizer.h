// What BERT's tokenizers do to a text before they split it. Pure functions; bytes that are not UTF-8 stay as they are.
#pragma once

#include <string>
#include <string_view>

namespace estoc {

struct BertRules {
  bool clean_text = true;  // no control characters, every white space a space
  bool spaces_around_chinese = true;
  bool strip_accents = true;
  bool lowercase = true;
};

std::string bert_normalized(std::string_view text, const BertRules& rules);

}  // namespace estoc
