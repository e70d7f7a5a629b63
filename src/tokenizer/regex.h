// A regular expression as tokenizer.json files write them (Oniguruma's Ruby syntax), run by PCRE2 over UTF-8.
//
// Classes such as \p{L}, \s, \d and \w are rewritten to explicit ranges of our own Unicode table, because the
// library's table is older and its \s takes in U+180E. Lines: ^ and $ match at line ends, as in Ruby.
// Threads: immutable; find may be called from any thread. Errors: the constructor throws Error{unsupported} with the
// pattern and the reason; matching never throws. Bytes that are not UTF-8 never match.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace estoc {

class Regex {
 public:
  // `where` names the place of the pattern in messages.
  explicit Regex(std::string_view pattern, std::string_view where = "pattern");
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  // Calls `found(start, end)` for every match from left to right; empty matches are left out. A search that gives up
  // (its work limit is reached) ends the matches there.
  void find_all(std::string_view text, const std::function<void(size_t, size_t)>& found) const;

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

// The pattern with its Unicode classes spelled out for PCRE2; exposed for tests.
std::string expand_unicode_classes(std::string_view pattern, std::string_view where);

}  // namespace estoc
