// What a caller asks of the engine. A value; immutable once submitted (engine/engine.h says what is refused).
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/shared_list.h"
#include "sampling/params.h"
#include "sampling/token_constraint.h"

namespace estoc {

struct Request {
  SharedList<TokenId> prompt;  // not empty
  SamplingParams sampling;
  int tokens_max = 16;              // output tokens at most, also bounded by the context; 0 computes the prompt only
  int tokens_min = 0;               // end and stop tokens are not chosen before
  std::vector<TokenId> end_tokens;  // the model's end-of-sequence ids; ignored when ignore_end
  SharedList<TokenId> stop_tokens;  // the caller's, limits::kStopTokensMax at most; always honoured
  // Answers go on behind an end token, and end under a constraint only when it leaves nothing else.
  bool ignore_end = false;
  std::shared_ptr<const TokenConstraint> constraint;  // what the answer keeps to; null for nothing
  int prompt_logprobs = -1;  // as SamplingParams::logprobs, for the prompt's tokens (echo); -1 none

  int priority = 0;                      // class: lower ones are admitted first and preempted last
  std::string client;                    // whose share of the machine it uses; all without a name share one
  std::string cache_salt;                // keys and values are shared only among requests of one salt
  std::chrono::milliseconds timeout{0};  // from submit to the last token; 0 for no deadline
  RequestId fork_of = 0;                 // another sample of that request's prompt: shares its blocks; 0 for none
};

}  // namespace estoc
