// Sentences from patterns with slots: the material of the prompts we wrote.
//
// A pattern is text with slots: "{town}" becomes one of the choices of `town`, whose own slots are filled too;
// "{#town}" is chosen once and then stays the same for this object; "{^town}" begins with a capital; "{3..40}" is a
// number of that range, and "{#n:3..40}" one that stays the same under the name `n`. Other braces are text, so that
// code may be a pattern. A slot that does not exist is our own mistake (ESTOC_CHECK). Ownership: keeps a reference to
// the Draw. Threads: one at a time.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "load/draw.h"

namespace estoc {

struct PhraseSlot {
  std::string_view name;
  std::span<const std::string_view> choices;
};
std::span<const PhraseSlot> phrase_slots();

class Phrases {
 public:
  explicit Phrases(Draw& draw) : draw_(draw) {}

  std::string fill(std::string_view pattern);
  // A pattern of the list, filled.
  std::string one_of(std::span<const std::string_view> patterns) { return fill(draw_.one_of(patterns)); }
  Draw& draw() { return draw_; }

 private:
  std::string fill_slot(std::string_view slot);
  // Avoids what was chosen lately, so that nobody compares sourdough with sourdough.
  std::string choose(std::span<const std::string_view> choices);

  Draw& draw_;
  std::vector<std::pair<std::string, std::string>> kept_;
  std::vector<std::string> recent_;
};

// How many words: runs of characters other than blanks and line ends.
int count_words(std::string_view text);

}  // namespace estoc
