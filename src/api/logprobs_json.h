// Log-probabilities in OpenAI's two shapes. Pure functions; nothing throws.
#pragma once

#include <string>
#include <vector>

#include "api/choice.h"
#include "tokenizer/tokenizer.h"

namespace estoc::api {

// {"content":[{"token","logprob","bytes":[..],"top_logprobs":[{"token","logprob","bytes"}]}],"refusal":null}
// `top_count` is what the caller asked for, 0 gives empty top_logprobs.
void append_chat_logprobs(std::string& out, const std::vector<TokenRecord>& tokens, const Tokenizer& tokenizer,
                          int top_count);

// {"tokens":[..],"token_logprobs":[..],"top_logprobs":[{token: logprob}],"text_offset":[characters]}
// The chosen token is among top_logprobs even when it is not one of the likeliest. A token that is not valid UTF-8 by
// itself is written "bytes:\xe2\x80", so that keys stay distinct.
void append_completion_logprobs(std::string& out, const std::vector<TokenRecord>& tokens, const Tokenizer& tokenizer,
                                int top_count);

}  // namespace estoc::api
