// Changes to a text before it is split: a list of steps, applied in order. Immutable once built; safe from any thread;
// apply never throws. Bytes that are not UTF-8 pass through every step unchanged.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace estoc {

class CodePointSet;

class Normalizer {
 public:
  using Step = std::function<std::string(std::string)>;

  void add(Step step) { steps_.push_back(std::move(step)); }
  bool is_empty() const { return steps_.empty(); }
  std::string apply(std::string_view text) const {
    std::string result(text);
    for (const Step& step : steps_) result = step(std::move(result));
    return result;
  }

 private:
  std::vector<Step> steps_;
};

enum class UnicodeForm { nfc, nfd, nfkc, nfkd };

// The text in a Unicode normal form; characters that got their decomposition late (library_characters.h) stay.
// O(n log n) for any text.
std::string to_unicode_form(std::string_view text, UnicodeForm form);

// Every character in its full lower-case mapping, without regard to its neighbours.
std::string to_lowercase(std::string_view text);

// Without the characters of a set.
std::string without(std::string_view text, const CodePointSet& characters);

// Without white space at its start and end.
std::string stripped(std::string_view text, bool left, bool right);

// What SentencePiece's "nmt" rule changes beside a normal form: control characters go, kinds of blanks become spaces.
std::string nmt_normalized(std::string_view text);

}  // namespace estoc
