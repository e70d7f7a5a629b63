// The tokens that a model would have used for bytes that have to come next.
//
// What: the bytes are encoded as they would be in running text, and a token is taken only when it ends where it does
// whatever follows: no token of the vocabulary goes on from its beginning beyond the bytes, and what may follow does
// not change how they are cut. So a text is the same tokens whether it was forced or chosen by a model that writes as
// its tokenizer cuts. Ownership: borrows the tokenizer, shares the vocabulary. Threads: any, several at once. Errors:
// none; bytes that do not encode to themselves have no tokens.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/mutex.h"
#include "grammar/vocabulary.h"

namespace estoc {
class Tokenizer;
}

namespace estoc::grammar {

class ForcedTokens {
 public:
  ForcedTokens(const Tokenizer& tokenizer, std::shared_ptr<const Vocabulary> vocabulary);

  // Appends the tokens of a beginning of `bytes`, of all of them when `is_whole`: then nothing follows.
  void append(std::string_view bytes, bool is_whole, std::vector<TokenId>& tokens) const;

 private:
  std::vector<TokenId> find(std::string_view bytes, bool is_whole) const;
  std::vector<TokenId> encode(std::string_view text) const;
  size_t count_certain(std::string_view bytes, const std::vector<TokenId>& tokens) const;
  bool goes_on(std::string_view beginning) const;

  const Tokenizer& tokenizer_;
  const std::shared_ptr<const Vocabulary> vocabulary_;
  std::vector<TokenId> by_text_;  // tokens with bytes, in the order of these
  mutable Mutex mutex_;
  mutable std::unordered_map<std::string, std::vector<TokenId>> found_ GUARDED_BY(mutex_);
};

}  // namespace estoc::grammar
