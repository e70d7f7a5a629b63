// How freely a JSON string may go on from a state of its expression: what spares walks over the vocabulary.
//
// What: answers about the states that characters lead to, found once and kept. A free character is one that stands for
// itself in a JSON string, whatever it is. Ownership: borrows the states. Threads: one at a time. Errors: those of the
// expression's limits.
#pragma once

#include <vector>

#include "grammar/char_dfa.h"

namespace estoc::grammar {

class StringOutlook {
 public:
  explicit StringOutlook(CharDfa& dfa) : dfa_(dfa) {}

  // How many free characters may follow, whatever they are; more may not.
  struct Run {
    static constexpr uint32_t kEndless = UINT32_MAX;
    uint32_t chars = 0;
    bool is_known = false;
  };
  Run free_run(CharState from, uint32_t most);
  // For so many characters, whatever they are, every text may follow and the string may end.
  bool is_any_text(CharState from, uint32_t chars);
  // Free characters may follow without end, whatever they are. May say no where it would take long to find out.
  bool takes_free(CharState from);

 private:
  enum class Taking : uint8_t { unknown, takes, not_told };

  bool for_each_free(CharState from, const auto& each);  // false as soon as each(target) is

  CharDfa& dfa_;
  std::vector<uint32_t> any_text_;  // characters for which it is known
  std::vector<Taking> taking_;
};

}  // namespace estoc::grammar
