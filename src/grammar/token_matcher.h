// A sequence's place in a grammar: takes its tokens, and says which may come next.
//
// What: a MaskSource for a sampler. Tokens are taken as the sequence grows and taken back when it shrinks (guesses that
// were wrong). When the text may end, and only then, the tokens that end an answer are allowed too; when it has to
// end they alone are. Tokens without bytes (control tokens) are never allowed.
// Ownership: shares the grammar and the vocabulary. Threads: one at a time for one matcher; matchers of one grammar may
// be used at the same time, and wait for each other. Errors: a matcher that met a limit (grammar/limits.h) throws
// nothing: it takes no more tokens, allows the end alone, and says why in failure().
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "grammar/distances.h"
#include "grammar/mask_filler.h"
#include "sampling/token_mask.h"

namespace estoc::grammar {

// A grammar for a vocabulary, with the masks that its matchers found.
class TokenGrammar {
 public:
  TokenGrammar(std::unique_ptr<Grammar> grammar, std::shared_ptr<const Vocabulary> vocabulary);

  Grammar& grammar() { return *grammar_; }
  MaskFiller& masks() { return masks_; }
  Distances& distances() { return distances_; }
  const Vocabulary& vocabulary() const { return *vocabulary_; }
  // About how much memory it has by now.
  size_t byte_count();

 private:
  std::unique_ptr<Grammar> grammar_;
  std::shared_ptr<const Vocabulary> vocabulary_;
  MaskFiller masks_;
  Distances distances_;
};

class TokenMatcher : public MaskSource {
 public:
  // `end_tokens` end an answer.
  TokenMatcher(std::shared_ptr<TokenGrammar> grammar, std::vector<TokenId> end_tokens);

  // Adds a token to the text; false, and nothing changed, when the grammar does not allow it. An end token is taken
  // where the text may end.
  bool accept(TokenId token);
  // Takes back the last so many accepted tokens.
  void roll_back(size_t tokens);
  size_t token_count() const { return lengths_.size(); }

  bool may_end() const { return chart_.ends_outside(); }
  // The bytes that have to come next, up to `most`; empty where there is a choice or the text may end.
  std::string forced_bytes(size_t most) { return forced(most).bytes; }
  struct Forced {
    std::string bytes;
    bool must_end = false;  // nothing but the end may come behind them
  };
  Forced forced(size_t most);
  // Tokens that end the text within so many bytes, the fewest bytes or nearly so: none where it may end already.
  // Nothing when none were found: the grammar asks for more, or too much of it would have to be looked at.
  std::optional<std::vector<TokenId>> shortest_completion(size_t bytes_most);
  bool has_ended() const { return has_ended_; }  // by an end token
  const std::string& failure() const { return failure_; }

  void restrict(TokenMask& mask, std::span<const TokenId> ahead) const override;

 private:
  bool is_end(TokenId token) const;
  bool push(TokenId token) const;
  void allow_only(std::span<const uint32_t> words, TokenMask& mask) const;
  int only_byte();

  std::shared_ptr<TokenGrammar> grammar_;
  std::vector<TokenId> end_tokens_;
  // A mask with tokens ahead is found by taking them and giving them back.
  mutable Chart chart_;
  mutable std::vector<uint32_t> lengths_;  // bytes of each accepted token; end tokens have none
  mutable bool has_ended_ = false;
  mutable std::string failure_;
};

}  // namespace estoc::grammar
