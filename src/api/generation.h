// One generated answer from its engine requests to its last byte: events in, JSON or server-sent events out.
//
// What: an endpoint builds it; whoever runs it submits take_requests(), one a choice, and feeds every event back with
// the choice's index. Knows no engine and no sockets.
// Ownership: the served model must outlive it. Threads: one at a time. Nothing throws.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/answer_format.h"
#include "api/call.h"
#include "api/choice.h"
#include "api/served_model.h"
#include "api/server_stats.h"
#include "engine/event.h"
#include "engine/request.h"

namespace estoc::api {

class Generation {
 public:
  struct Options {
    bool is_stream = false;
    int choices_per_prompt = 1;  // consecutive choices that share a prompt: it is counted once in the usage
  };

  // As many requests as choices. `choices` are not ended.
  Generation(const ServedModel& model, Options options, std::unique_ptr<const AnswerFormat> format,
             std::vector<Request> requests, std::vector<Choice> choices);

  // Whose generator the requests are for.
  const ServedModel& model() const { return model_; }
  // Once, before the first event.
  std::vector<Request> take_requests() { return std::move(requests_); }
  bool is_stream() const { return options_.is_stream; }
  // So many requests in a row have the same prompt.
  size_t choices_per_prompt() const { return static_cast<size_t>(options_.choices_per_prompt); }

  // Feeds one event of choice `index`; for a stream, appends what may be sent now (with the end of the stream when this
  // was the last). True when the choice is complete before the engine knows: Engine::complete. Events of a choice that
  // is complete are ignored.
  bool consume(size_t index, Event&& event, std::string& out);

  // Every choice is complete, or one has failed: no further event changes anything.
  bool is_done() const { return failure_ || open_choices_ == 0; }
  // The error reply when a choice failed. The caller decides by what it has sent already how to deliver it.
  const std::optional<Reply>& failure() const { return failure_; }
  // The answer that is not a stream; call once when done without failure.
  Reply reply();
  // How the choices have ended so far.
  ChoiceCounts counts() const;

 private:
  Usage usage() const;
  Timings timings() const;

  const ServedModel& model_;
  Options options_;
  std::unique_ptr<const AnswerFormat> format_;
  std::vector<Request> requests_;
  std::vector<Choice> choices_;
  std::vector<bool> is_started_;
  std::vector<WholeChoice> whole_;
  size_t open_choices_;
  std::optional<Reply> failure_;
};

// How a failure is told when a stream has begun: the error as an event, then the end of the stream.
std::string stream_failure(const Reply& failure);

}  // namespace estoc::api
