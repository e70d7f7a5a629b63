// Hand-written splitters for the patterns most vocabularies use: they cut a text exactly where the regular expression
// would, one word at a time, without a regex engine. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace estoc {

enum class ScanRule {
  gpt2,    // contractions, " letters", " digits", " others", blanks
  llama3,  // any one non-letter before letters, digits by three, line ends kept together
  qwen2,   // as llama3 with single digits
  qwen35,  // as qwen2 with marks counted as letters
};

// Where the word that starts at text[at] ends; always past `at`.
size_t scan_word(ScanRule rule, std::string_view text, size_t at);

// The pattern a rule stands for, as tokenizer.json files write it.
std::string_view pattern_of(ScanRule rule);

// The rule whose pattern is exactly `pattern`.
std::optional<ScanRule> scan_rule_of(std::string_view pattern);

}  // namespace estoc
