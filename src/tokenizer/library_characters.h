// What kind of character a code point is where Hugging Face tokenizers uses other tables than Unicode 16.0: its
// normalisers and its punctuation know older versions, its lower case a newer one. Vocabularies were trained with
// those, so ids are right only with the same. Pure functions; the sets are built when first asked for.
#pragma once

#include <cstdint>
#include <vector>

namespace estoc {

// A set of code points, asked in constant time.
class CodePointSet {
 public:
  struct Range {
    uint32_t first, last;
  };
  template <typename Ranges>
  explicit CodePointSet(const Ranges& ranges) : words_(0x110000 / 64) {
    for (const Range& range : ranges) {
      for (uint32_t c = range.first; c <= range.last; ++c) words_[c / 64] |= uint64_t{1} << c % 64;
    }
  }
  // False for what is no code point.
  bool contains(uint32_t c) const { return c < 0x110000 && (words_[c / 64] >> c % 64 & 1) != 0; }

 private:
  std::vector<uint64_t> words_;
};

const CodePointSet& cleaned_away_characters();  // by BertNormalizer's clean_text
const CodePointSet& nonspacing_marks();         // accents to BertNormalizer
const CodePointSet& combining_marks();          // accents to StripAccents
const CodePointSet& punctuation_characters();
const CodePointSet& undecomposed_characters();  // whose decomposition into a normal form is newer

// A number for the script of a character, 0 for what goes with any; kana count as Han, as in UnicodeScripts.
int script_of(uint32_t c);

// The lower case of a character, or 0 where the common tables have it.
uint32_t late_lower_case(uint32_t c);

}  // namespace estoc
