// The serving engine of an encoder: accepts jobs, computes batches on its own thread, delivers what each asked for.
//
// What: continuous batching. A batch has texts of any jobs side by side without padding, as many as are foreseen to
// take EncodingConfig::target_batch_s by a time that is learnt while running; a job is done when all its texts are.
// Speaks token ids only: text begins and ends in api/. Ownership: the caller owns engine, encoder and team; encoder and
// team must outlive it. Threads: submit, cancel, drain and stats may be called from any thread; all else happens on the
// engine's thread, sinks included. Errors: the constructor throws Error{resource_exhausted, invalid_argument}. What an
// encoder computes that is no number ends the job it is of, and no other.
#pragma once

#include <chrono>
#include <memory>

#include "encoding/encode_job.h"
#include "encoding/encoding_config.h"
#include "encoding/encoding_stats.h"
#include "engine/engine.h"
#include "models/encoder.h"

namespace estoc {

class EncodingEngine {
 public:
  // The engine's thread becomes thread 0 of `team`, the encoder's, and pinned when the team is.
  EncodingEngine(const Encoder& encoder, const EncodingConfig& config, ThreadTeam* team = nullptr);
  ~EncodingEngine();  // stops the thread; unfinished jobs get EncodeOutcome{cancelled}

  const EncoderInfo& info() const;
  const EncodingConfig& config() const;
  int tokens_max() const;  // of a text: the encoder's limit or the configuration's

  // Queues a job. One that can never be computed (a text without tokens or with too many, a token outside the
  // vocabulary) throws Error{invalid_argument}. An engine without work accepts any other. Never blocks.
  SubmitResult submit(EncodeJob job, EncodeSink sink);
  // Idempotent; unknown ids are ignored. What is being computed of it is dropped, and its sink gets
  // EncodeOutcome{cancelled}.
  void cancel(RequestId id);
  // Refuses new jobs from now on and returns when every accepted one has had its outcome: true; or the time is over:
  // false. Not from a sink.
  bool drain(std::chrono::milliseconds timeout);
  EncodingStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace estoc
