// The serving engine: accepts requests, runs steps on its own thread, delivers events.
//
// What: continuous batching over a paged KV cache. A step is a list of (sequence, token count); prefill and decode are
// the same thing. The engine speaks token ids only: text begins and ends in api/.
// Ownership: the caller owns Engine and the Runner or Model it is given, which must outlive it; Engine owns the
// scheduler and every sequence. Threads: submit, cancel, complete and stats may be called from any thread; all else
// happens on the engine thread, event sinks included. Errors: the constructor throws
// Error{resource_exhausted, invalid_argument}. A request that fails, or a model that throws, ends in an Event with an
// error for those that were in the step, and affects no others; what the model threw goes to the log and not to
// clients. When the system has no memory for what the engine itself keeps (lists of tokens, events), the process ends:
// half a step cannot be undone, and the next one would need the same.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "engine/engine_config.h"
#include "engine/engine_stats.h"
#include "engine/event.h"
#include "engine/request.h"
#include "engine/step_log.h"

namespace estoc {

enum class SubmitStatus { accepted, queue_full, stopping };

struct SubmitResult {
  SubmitStatus status = SubmitStatus::accepted;
  RequestId id = 0;
  int retry_after_s = 0;  // when not accepted: in how many seconds it is likely to be
};

class Model;
class Runner;
class ThreadTeam;

class Engine {
 public:
  // The engine's thread becomes thread 0 of `team`, the model's, and pinned when the team is.
  Engine(Runner& runner, const EngineConfig& config, ThreadTeam* team = nullptr);
  // With a runner of its own on this machine's CPUs; without a team it samples alone.
  Engine(const Model& model, const EngineConfig& config, ThreadTeam* team = nullptr);
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
  // What the last EngineConfig::steps_kept steps planned and took, oldest first. Any thread.
  std::vector<StepRecord> last_steps() const;
  const EngineConfig& config() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace estoc
