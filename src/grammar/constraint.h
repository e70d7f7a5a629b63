// A grammar as what an engine's requests keep to (sampling/token_constraint.h).
//
// Ownership: shares the grammar with all places in it. Threads: start from any, several at once. Errors: none.
#pragma once

#include <memory>

#include "grammar/forced_tokens.h"
#include "grammar/token_matcher.h"
#include "sampling/token_constraint.h"

namespace estoc::grammar {

class Constraint final : public TokenConstraint {
 public:
  // Without `forced` nothing is said to be forced.
  Constraint(std::shared_ptr<TokenGrammar> grammar, std::shared_ptr<const ForcedTokens> forced)
      : grammar_(std::move(grammar)), forced_(std::move(forced)) {}

  std::unique_ptr<ConstraintPlace> start(std::span<const TokenId> end_tokens,
                                         std::span<const TokenId> stop_tokens) const override;

 private:
  const std::shared_ptr<TokenGrammar> grammar_;
  const std::shared_ptr<const ForcedTokens> forced_;
};

}  // namespace estoc::grammar
