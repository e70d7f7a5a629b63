// Who guesses what a sequence's next tokens are, so that a step can check several at once.
//
// What: guesses are computed like tokens of a prompt, each with logits; a step keeps those that are what it would have
// chosen, one after the other, and one token more (Leviathan et al. 2023, for choices that are made by the same random
// numbers). So guesses change nothing but the time. Where layers keep fixed states nobody is asked: a state that has
// gone on behind a wrong guess cannot be taken back.
// Ownership: the stepper's maker owns it. Threads: the engine thread. Errors: throws nothing.
#pragma once

#include <vector>

#include "engine/sequence.h"

namespace estoc {

class Proposer {
 public:
  virtual ~Proposer() = default;
  // Appends up to `most` guesses at what follows sequence.tokens. Asked of every sequence that decodes, at each step.
  virtual void propose(const Sequence& sequence, int most, std::vector<TokenId>& drafts) = 0;
};

}  // namespace estoc
