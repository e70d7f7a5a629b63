// Reasoning that takes no more than so many tokens: then its end is all that may come.
//
// What: a constraint around another, or around none. Tokens are counted from where the reasoning begins to its end
// mark; when they are spent, the tokens of a closing text come, which ends with the mark. The constraint within sees
// all tokens. Ownership: keeps what it is made of. Threads: start from any. Errors: none.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sampling/token_constraint.h"

namespace estoc {
class Tokenizer;
}

namespace estoc::grammar {

struct ReasoningBudget {
  int tokens = 0;
  std::string begin, end;  // the marks as they are spelled
  bool begins_inside = false;
  std::vector<TokenId> closing;  // not empty; their text ends with the end mark
};

// `inner` may be null: then nothing but the budget is kept to. The tokenizer must outlive it.
std::shared_ptr<const TokenConstraint> with_reasoning_budget(const Tokenizer& tokenizer, ReasoningBudget budget,
                                                             std::shared_ptr<const TokenConstraint> inner);

}  // namespace estoc::grammar
