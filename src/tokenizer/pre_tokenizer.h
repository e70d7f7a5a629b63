// From a stretch of normalised text to the pieces the model merges: an optional change of the text (a leading blank, or
// blanks shown as U+2581) and then any number of splits, each working on the pieces of the one before.
// Immutable once built; safe from any thread; split never throws.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/splitter.h"

namespace estoc {

enum class PrefixScheme { never, first, always };  // which stretches get a leading mark: none, that at text start, all

class PreTokenizer {
 public:
  void add_splitter(std::unique_ptr<Splitter> splitter) { splitters_.push_back(std::move(splitter)); }
  bool has_splitters() const { return !splitters_.empty(); }

  // A stretch that does not start with a space gets one (byte-level vocabularies).
  void add_prefix_space() { adds_space_ = true; }
  // Every space becomes `mark`, with one more in front where the scheme says so and there is none yet.
  void mark_spaces(std::string mark, PrefixScheme scheme) {
    mark_ = std::move(mark);
    scheme_ = scheme;
  }

  // `is_at_start`: the stretch begins where the whole text begins. May change `text`; the pieces are views into it.
  void split(std::string& text, bool is_at_start, std::vector<std::string_view>& pieces) const;

 private:
  bool adds_space_ = false;
  std::string mark_;
  PrefixScheme scheme_ = PrefixScheme::never;
  std::vector<std::unique_ptr<Splitter>> splitters_;
};

}  // namespace estoc
