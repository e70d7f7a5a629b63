// Finds stop strings in text that arrives in pieces, whatever the pieces are.
//
// What: text that may still turn into a stop string is held back; the rest is released at once. Of several stop strings
// the one that is complete first wins, and of those that end together the longest, so the outcome does not depend on
// how the text was cut. Texts are whole UTF-8 characters, hence so is everything released.
// Each byte is looked at once for each stop string, however long they are (Knuth, Morris and Pratt 1977).
// Threads: a StopMatcher one; StopStrings any. Nothing throws.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace estoc::api {

// The stop strings of a request. Its copies share one.
class StopStrings {
 public:
  StopStrings() = default;
  StopStrings(std::vector<std::string> texts);  // none is empty
  StopStrings(std::initializer_list<std::string> texts) : StopStrings(std::vector<std::string>(texts)) {}

  size_t count() const { return patterns_ ? patterns_->size() : 0; }
  const std::string& text(size_t index) const { return (*patterns_)[index].text; }
  // How many bytes of stop string `index` the text ends with, when it ended with `matched` of them before `next`.
  size_t advance(size_t index, size_t matched, char next) const;

 private:
  struct Pattern {
    std::string text;
    // borders[n]: of its first n + 1 bytes, how many at the end are also the beginning, all of them not counted.
    std::vector<uint32_t> borders;
  };
  std::shared_ptr<const std::vector<Pattern>> patterns_;  // null when there are none
};

class StopMatcher {
 public:
  // `include_stop` releases the found stop string with the text.
  StopMatcher(StopStrings stops, bool include_stop);

  // The text that is certain with this piece. After a match nothing more may be pushed.
  std::string push(std::string_view text);
  // What is still held back when no more text will come.
  std::string finish();
  // The stop string that was found, or nullptr. Lives as long as the StopStrings.
  const std::string* matched() const { return matched_; }

 private:
  bool finds_match(char next);

  StopStrings stops_;
  bool include_stop_;
  std::vector<size_t> matched_bytes_;  // of each stop string, at the end of the text so far
  std::string held_;
  const std::string* matched_ = nullptr;
};

}  // namespace estoc::api
