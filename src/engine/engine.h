// The serving engine: accepts requests, runs steps on its own thread, delivers events.
//
// What: continuous batching over a paged KV cache. A step is a list of (sequence, token count); prefill and decode are
// the same thing. The engine speaks token ids only: text begins and ends in api/.
// Ownership: the caller owns Engine and the Model it is given (the model must outlive it); Engine owns the KV cache,
// the scheduler and every sequence. Threads: submit, cancel, complete and stats may be called from any thread; all else
// happens on the engine thread. An EventSink is called on the engine thread only and must not block; it may call
// submit, cancel and complete. If it throws, its request is cancelled. Errors: the constructor throws
// Error{resource_exhausted, invalid_argument}. A request that fails, or a model that throws, ends in an Event with an
// error for those that were in the step, and affects no others; what the model threw goes to the log and not to
// clients. When the system has no memory for what the engine itself keeps (lists of tokens, events), the process ends:
// half a step cannot be undone, and the next one would need the same.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "base/ids.h"
#include "base/shared_list.h"
#include "models/model.h"
#include "sampling/logprobs.h"
#include "sampling/params.h"

namespace estoc {

// What a caller asks; immutable once submitted.
struct Request {
  SharedList<TokenId> prompt;  // not empty
  SamplingParams sampling;
  int tokens_max = 16;              // output tokens at most, also bounded by the context; 0 computes the prompt only
  int tokens_min = 0;               // end and stop tokens are not chosen before
  std::vector<TokenId> end_tokens;  // the model's end-of-sequence ids; ignored when ignore_end
  SharedList<TokenId> stop_tokens;  // the caller's, limits::kStopTokensMax at most; always honoured
  bool ignore_end = false;
  int prompt_logprobs = -1;  // as SamplingParams::logprobs, for the prompt's tokens (echo); -1 none

  int priority = 0;                      // class: lower ones are admitted first and preempted last
  std::string client;                    // whose share of the machine it uses; all without a name share one
  std::string cache_salt;                // keys and values are shared only among requests of one salt
  std::chrono::milliseconds timeout{0};  // from submit to the last token; 0 for no deadline
  RequestId fork_of = 0;                 // another sample of that request's prompt: shares its blocks; 0 for none
};

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

using EventSink = std::function<void(Event&&)>;

enum class SubmitStatus { accepted, queue_full, stopping };

struct SubmitResult {
  SubmitStatus status = SubmitStatus::accepted;
  RequestId id = 0;
  int retry_after_s = 0;  // when not accepted: in how many seconds it is likely to be
};

// How a step mixes those who decode with those who read their prompts.
enum class SchedulePolicy {
  mixed,          // decodes first, then as much of the prompts as the step's time allows
  prefill_first,  // whole prompts before everything else: for comparisons only
};

struct EngineConfig {
  int context = 4096;          // positions a sequence may have: prompt and output together
  int sequences_max = 64;      // sequences that run at once
  int batch_tokens_max = 512;  // rows of one step; at most ModelOptions::rows_max
  int queue_max = 1024;        // requests that may wait: at most sequences_max + queue_max are accepted and unfinished
  uint64_t kv_bytes = 0;       // size of the KV pool; 0 means enough for a few whole contexts (see kv_sizing.h)
  KvType kv_type = KvType::f16;
  double target_tbt_s = 0.15;    // time between two tokens of a stream: bounds a step while somebody decodes
  double target_ttft_s = 0.15;   // time to first token that steps are made long enough for; bounds the others
  double queue_work_max_s = 60;  // estimated work that may wait before new requests are refused
  double queue_timeout_s = 120;  // a request that has waited this long ends with FinishReason::timeout; 0 never
  bool has_prefix_cache = true;  // keys and values of equal beginnings are computed once
  SchedulePolicy policy = SchedulePolicy::mixed;
};

struct EngineStats {
  int running = 0, waiting = 0;
  int kv_blocks = 0, kv_blocks_used = 0;
  uint64_t steps = 0;
  uint64_t requests_done = 0, requests_cancelled = 0, requests_failed = 0;
  uint64_t prompt_tokens = 0, output_tokens = 0;
  uint64_t preemptions = 0;
  int kv_blocks_cached = 0;       // of those not in use: blocks that still hold keys and values of a prefix
  double queue_work_s = 0;        // estimated time to work off what waits
  uint64_t requests_refused = 0;  // by submit: too much work waits
  uint64_t requests_timed_out = 0;
  uint64_t prefix_tokens = 0;                                            // prompt tokens looked up in the prefix cache
  uint64_t prefix_tokens_cached = 0;                                     // and found there
  Histogram ttft_s, inter_token_s, queue_s, prefill_s, decode_s, e2e_s;  // of requests, in seconds
  Histogram step_s, step_rows;                                           // of steps: seconds; rows of the batch
};

class ThreadTeam;

class Engine {
 public:
  // The engine's thread becomes thread 0 of `team`, the model's: pinned when the team is, and sampling over it. Without
  // one it samples alone.
  Engine(Model& model, const EngineConfig& config, ThreadTeam* team = nullptr);
  ~Engine();  // stops the thread; unfinished requests get Event{cancelled}

  // Queues a request. A prompt that can never fit (longer than context - 1, or than the KV pool) throws
  // Error{invalid_argument} with both numbers; an empty prompt, a token outside the vocabulary and impossible sampling
  // values likewise. Never blocks.
  SubmitResult submit(Request request, EventSink sink);
  // Idempotent; unknown ids are ignored. The request's blocks are free within one step, whether it waits or runs, and
  // its sink gets a last Event{cancelled}.
  void cancel(RequestId id);
  // As cancel, for an answer that is whole by its caller's measure, a stop string for example: the request counts as
  // done and its last event is Event{completed}. Of cancel and complete the first counts.
  void complete(RequestId id);
  // Refuses new requests from now on and returns when every accepted one has had its last event: true; or the time is
  // over: false. Not from a sink.
  bool drain(std::chrono::milliseconds timeout);
  EngineStats stats() const;
  const EngineConfig& config() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace estoc
