#include "api/served_model.h"

#include <algorithm>

namespace estoc::api {

size_t longest_text_bytes(const Tokenizer& tokenizer, int context) {
  constexpr size_t kAlwaysAllowed = 64 << 10;
  size_t longest = 1;
  for (TokenId id = 0; id < tokenizer.vocab_count(); ++id) {
    longest = std::max(longest, tokenizer.token_bytes(id).size());
  }
  return std::max(kAlwaysAllowed, longest * static_cast<size_t>(context));
}

}  // namespace estoc::api
