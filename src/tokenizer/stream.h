// Token ids to text as they arrive: never emits half a UTF-8 character, never repeats or drops one.
//
// One stream per output sequence; not thread-safe. The tokenizer must outlive it. Nothing throws.
#pragma once

#include <span>
#include <string>

#include "base/ids.h"
#include "base/shared_list.h"

namespace estoc {

class Tokenizer;

class TokenStream {
 public:
  // `kept` are special tokens that are shown all the same.
  explicit TokenStream(const Tokenizer& tokenizer, bool skip_special = true, SharedList<TokenId> kept = {});

  // Tells the stream what came before the output, so that a leading blank is kept where the text goes on in a sentence.
  // Without it the output is a text of its own.
  void continue_after(std::span<const TokenId> prompt);

  // The text that is complete with this token: whole characters only, possibly empty.
  std::string push(TokenId id);

  // What is still held back at the end; broken or unfinished bytes become U+FFFD.
  std::string finish();

 private:
  const Tokenizer& tokenizer_;
  bool skip_special_;
  SharedList<TokenId> kept_;
  bool is_at_start_ = true;
  std::string held_;         // bytes that may still become a whole character
  size_t prompt_bytes_ = 0;  // of held_, the first ones that the prompt ended with; never shown by themselves
};

}  // namespace estoc
