// From a stretch of normalised text to the pieces the model merges: a list of steps, each working on the pieces of the
// one before. A step cuts pieces or rewrites them (a leading blank, blanks shown as U+2581).
// Immutable once built; safe from any thread; split never throws.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/splitter.h"

namespace estoc {

enum class PrefixScheme { never, first, always };  // which pieces get a leading mark: none, that at text start, all

class PreTokenizer {
 public:
  void add_splitter(std::unique_ptr<Splitter> splitter);
  // A piece that does not start with a space gets one (byte-level vocabularies).
  void add_prefix_space();
  // Every space becomes `mark`, with one more in front where the scheme says so and there is none yet.
  void mark_spaces(std::string mark, PrefixScheme scheme);
  // Pieces are handed on in their byte-level spelling (byte_level.h).
  void spell_bytes();

  // `is_at_start`: the stretch begins where the whole text begins. May change `text`; the pieces are views into it.
  void split(std::string& text, bool is_at_start, std::vector<std::string_view>& pieces) const;

 private:
  // Appends what becomes of a piece; `is_first` says that it begins where the whole text begins.
  using Rewrite = std::function<void(std::string_view piece, bool is_first, std::string& out)>;
  struct Step {  // one of the two
    std::unique_ptr<Splitter> splitter;
    Rewrite rewrite;
  };
  std::vector<Step> steps_;
};

}  // namespace estoc
