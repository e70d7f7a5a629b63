#include "api/generation.h"

#include <algorithm>
#include <iterator>

#include "api/errors.h"
#include "base/check.h"

namespace estoc::api {
namespace {

// A request that never started may be sent again; one whose own deadline passed was too slow for its caller.
Reply timeout_reply(const Event& event) {
  const std::string message = event.error.empty() ? "the request ran out of time" : event.error;
  if (event.retry_after_s > 0) return error_reply(503, message, {}, "queue_timeout", event.retry_after_s);
  return error_reply(504, message, {}, "timeout");
}

}  // namespace

Generation::Generation(const ServedModel& model, Options options, std::unique_ptr<const AnswerFormat> format,
                       std::vector<Request> requests, std::vector<Choice> choices)
    : model_(model),
      options_(options),
      format_(std::move(format)),
      requests_(std::move(requests)),
      choices_(std::move(choices)),
      is_started_(choices_.size()),
      whole_(choices_.size()),
      open_choices_(choices_.size()) {
  ESTOC_CHECK(requests_.size() == choices_.size());
}

bool Generation::consume(size_t index, Event&& event, std::string& out) {
  Choice& choice = choices_[index];
  if (is_done() || choice.end()) return false;
  if (event.finish == FinishReason::error) {
    failure_ = error_reply(500, event.error.empty() ? "the request failed" : event.error);
    return false;
  }
  if (event.finish == FinishReason::cancelled) {
    failure_ = error_reply(503, "the request was cancelled: the server is stopping");
    return false;
  }
  if (event.finish == FinishReason::timeout) {
    failure_ = timeout_reply(event);
    return false;
  }
  const bool is_last_event = event.finish.has_value();
  Piece piece = choice.consume(std::move(event));
  if (options_.is_stream) {
    if (!is_started_[index]) format_->append_start(out, static_cast<int>(index));
    is_started_[index] = true;
    format_->append_piece(out, static_cast<int>(index), piece);
  } else {
    Piece& whole = whole_[index].piece;
    for (Part& part : piece.parts) append_part(whole.parts, std::move(part));
    std::ranges::move(piece.tokens, std::back_inserter(whole.tokens));
  }
  if (!choice.end()) return false;
  whole_[index].end = *choice.end();
  --open_choices_;
  if (options_.is_stream) {
    const Timings all = timings();
    format_->append_end(out, static_cast<int>(index), *choice.end(), open_choices_ == 0 ? &all : nullptr);
    if (open_choices_ == 0) {
      format_->append_usage(out, usage(), all);
      out += kStreamDone;
    }
  }
  return !is_last_event;
}

Reply Generation::reply() { return {200, format_->whole(whole_, usage(), timings()), {}}; }

ChoiceCounts Generation::counts() const {
  ChoiceCounts counts;
  for (const Choice& choice : choices_) {
    if (!choice.end()) continue;
    ++(std::string_view(choice.end()->finish_reason) == "length" ? counts.length : counts.stop);
  }
  if (failure_) counts.failed = choices_.size() - counts.stop - counts.length;
  return counts;
}

Timings Generation::timings() const {
  const Usage tokens = usage();
  Timings timings{.prompt_tokens = tokens.prompt_tokens - tokens.cached_tokens, .cached_tokens = tokens.cached_tokens};
  for (const Choice& choice : choices_) timings.add(choice.times(), choice.output_tokens());
  return timings;
}

Usage Generation::usage() const {
  Usage usage;
  for (size_t i = 0; i < choices_.size(); ++i) {
    usage.output_tokens += choices_[i].output_tokens();
    if (i % static_cast<size_t>(options_.choices_per_prompt) != 0) continue;
    usage.prompt_tokens += choices_[i].prompt_tokens();
    usage.cached_tokens += choices_[i].cached_tokens();
  }
  return usage;
}

std::string stream_failure(const Reply& failure) {
  std::string out = "data: " + failure.body + "\n\n";
  out += kStreamDone;
  return out;
}

}  // namespace estoc::api
