// Finds stop strings in text that arrives in pieces, whatever the pieces are.
//
// What: text that may still turn into a stop string is held back; the rest is released at once. Of several stop strings
// the one that is complete first wins, and of those that end together the longest, so the outcome does not depend on
// how the text was cut. Texts are whole UTF-8 characters, hence so is everything released.
// Threads: one. Nothing throws.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace estoc::api {

class StopMatcher {
 public:
  // `stops` are not empty strings. `include_stop` releases the found stop string with the text.
  StopMatcher(std::vector<std::string> stops, bool include_stop);
  StopMatcher(StopMatcher&&) = default;  // matched() points into the vector, which a move keeps in place

  // The text that is certain with this piece. After a match nothing more may be pushed.
  std::string push(std::string_view text);
  // What is still held back when no more text will come.
  std::string finish();
  // The stop string that was found, or nullptr.
  const std::string* matched() const { return matched_; }

 private:
  std::vector<std::string> stops_;
  bool include_stop_;
  std::string held_;
  const std::string* matched_ = nullptr;
};

}  // namespace estoc::api
