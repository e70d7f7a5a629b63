// One step of cutting a text into pieces. Immutable; safe from any thread; split never throws.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/regex.h"
#include "tokenizer/scanner.h"
#include "tokenizer/unicode.h"

namespace estoc {

class Splitter {
 public:
  virtual ~Splitter() = default;
  // Appends the pieces of `text`, views into it and none of them empty, in order.
  virtual void split(std::string_view text, std::vector<std::string_view>& pieces) const = 0;
};

// What becomes of the delimiters a pattern finds (Hugging Face's SplitDelimiterBehavior).
enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

struct SplitRule {
  SplitBehavior behavior = SplitBehavior::isolated;
  bool invert = false;  // what lies between the matches is the delimiter
};

// By one of the known patterns, isolated.
std::unique_ptr<Splitter> make_scan_splitter(ScanRule rule);
// By a regular expression; the known patterns, when they are isolated, get their scanner. Throws as Regex does.
std::unique_ptr<Splitter> make_regex_splitter(std::string_view pattern, SplitRule rule, std::string_view where);
// By a literal string, which is not empty.
std::unique_ptr<Splitter> make_literal_splitter(std::string literal, SplitRule rule);
// Every single character of `classes` is a delimiter.
std::unique_ptr<Splitter> make_class_splitter(ClassSet classes, SplitRule rule);
// Every single punctuation character, by library_characters.h.
std::unique_ptr<Splitter> make_punctuation_splitter(SplitRule rule);
// Wherever the script changes (pre-tokenizer UnicodeScripts); white space and marks belong to what stands before them.
std::unique_ptr<Splitter> make_script_splitter();
// Every so many characters, which is more than none.
std::unique_ptr<Splitter> make_length_splitter(size_t characters);
// `splitter` sees the byte-level spelling of a text (byte_level.h), its pieces are those of the text itself: they may
// end inside a character.
std::unique_ptr<Splitter> make_spelled_splitter(std::unique_ptr<Splitter> splitter);

}  // namespace estoc
