// What a caller receives from the engine while its request is served. Values.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "sampling/logprobs.h"

namespace estoc {

enum class FinishReason {
  stop,       // an end or stop token (it is delivered with is_stop_token set)
  length,     // tokens_max, or the end of the context (or of the KV pool, when that is smaller)
  completed,  // complete(): the caller has what it wanted
  cancelled,  // cancel() or engine shutdown
  timeout,    // its own deadline, or the queue's, has passed: Event::error says which
  error,
};

// Times of one request, in seconds on the steady clock's scale.
struct RequestTimes {
  double queue_s = 0;    // submit to first computed
  double prefill_s = 0;  // first computed to first token
  double decode_s = 0;   // first token to last
  double gap_max_s = 0;  // longest time between two tokens
  int preemptions = 0;   // times its blocks were taken and it was computed again
};

// What a caller receives. Each event carries zero or one token; the last one has `finish`.
struct Event {
  RequestId request = 0;
  std::optional<TokenId> token;
  bool is_stop_token = false;        // `token` ended the sequence and is not part of the text
  std::optional<Logprobs> logprobs;  // of `token`
  // When asked for, with the first token (with tokens_max 0 in the only event): one per prompt token from the second.
  std::vector<Logprobs> prompt_logprobs;
  std::optional<FinishReason> finish;
  std::string error;  // when finish is error or timeout: one sentence
  // With finish timeout of a request that never started: when to try again, in seconds; else 0.
  int retry_after_s = 0;
  int prompt_tokens = 0;
  int cached_tokens = 0;  // prompt tokens that were not computed again
  int output_tokens = 0;  // so far
  RequestTimes times;     // complete in the last event
};

// Called on the engine thread only and must not block; it may call submit, cancel and complete. If it throws, its
// request is cancelled.
using EventSink = std::function<void(Event&&)>;

}  // namespace estoc
