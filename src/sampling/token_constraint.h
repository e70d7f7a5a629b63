// What the tokens of an answer must keep to (a grammar), and a sequence's place in it.
//
// What: a constraint is shared by all requests that ask for it; each sequence has a place of its own, which takes the
// sequence's tokens and says what may come next. The text may end where the constraint says so: then end tokens are
// allowed too, and when it has to end they alone are.
// Ownership: a place keeps its constraint alive. Threads: start from any; a place is used by one thread at a time.
// Errors: none. A place that cannot go on (a limit was met) takes no more tokens, allows the end alone and says why.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/ids.h"
#include "sampling/token_mask.h"

namespace estoc {

class ConstraintPlace : public MaskSource {
 public:
  // Adds a token to the text; false, and nothing changed, when it is not allowed.
  virtual bool accept(TokenId token) = 0;
  // Takes back the last so many accepted tokens.
  virtual void roll_back(size_t tokens) = 0;
  // An end token has been accepted.
  virtual bool has_ended() const = 0;
  // The tokens that come next whatever is chosen: the first of them is all that restrict allows. Empty where there is a
  // choice. Valid until the next call of anything but restrict.
  virtual std::span<const TokenId> forced() const = 0;
  // Why it takes no more tokens; empty while all is well.
  virtual const std::string& failure() const = 0;
};

class TokenConstraint {
 public:
  virtual ~TokenConstraint() = default;
  // `end_tokens` end an answer. `stop_tokens` do so too where they have no text; the others are text like any.
  virtual std::unique_ptr<ConstraintPlace> start(std::span<const TokenId> end_tokens,
                                                 std::span<const TokenId> stop_tokens) const = 0;
};

}  // namespace estoc
