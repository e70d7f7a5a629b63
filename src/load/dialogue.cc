#include "load/dialogue.h"

#include <algorithm>
#include <utility>

namespace estoc {
namespace {

using Seconds = std::chrono::duration<double>;

// How long a user waits after a refusal that names no time, and at most when it names one.
constexpr double kRestSeconds = 1, kRestSecondsMax = 30;

}  // namespace

Dialogue::Dialogue(DialogueHost& host, Conversation conversation)
    : host_(host), conversation_(std::move(conversation)), timer_(host.loop()) {
  if (!conversation_.system.empty()) messages_.push_back({"system", conversation_.system});
}

void Dialogue::send_turn(double scheduled_s) {
  Turn& turn = conversation_.turns[turn_];
  messages_.push_back({"user", std::move(turn.text)});
  const RequestOptions& options = host_.options();
  const Target& target = host_.target();
  std::string request = http_request(target.server.authority(), target.prefix + completion_path(options.api),
                                     options.api_key, completion_body(options, messages_, turn.output_tokens));
  const auto now = Clock::now();
  recorder_ = AnswerRecorder({.category = conversation_.category,
                              .turn = static_cast<int>(turn_),
                              .scheduled_s = scheduled_s,
                              .sent_s = seconds_at(now)});
  host_.on_sent();
  host_.client().send(std::move(request), shared_from_this(),
                      now + std::chrono::duration_cast<Clock::duration>(Seconds(options.timeout_s)));
}

void Dialogue::on_body(int status, std::string_view bytes, Clock::time_point when) {
  recorder_.on_body(status, bytes, seconds_at(when));
}

void Dialogue::on_end(int status, double retry_after_s, const std::string& error, Clock::time_point when) {
  recorder_.on_end(status, error, seconds_at(when));
  const bool is_ok = recorder_.record().is_ok();
  const double end_s = recorder_.record().end_s;
  host_.on_record(std::move(recorder_.record()));
  if (!is_ok) return rest(retry_after_s);
  if (++turn_ == conversation_.turns.size()) return host_.on_dialogue_end();
  messages_.push_back({"assistant", recorder_.text()});
  const double due_s = end_s + conversation_.turns[turn_].think_s;
  if (!host_.wants_turn_at(due_s)) return host_.on_dialogue_end();
  const auto due = host_.start() + std::chrono::duration_cast<Clock::duration>(Seconds(due_s));
  timer_.set(due, [self = shared_from_this(), due_s] {
    if (self->host_.wants_turn_at(due_s)) self->send_turn(due_s);
  });
}

void Dialogue::rest(double retry_after_s) {
  if (!host_.rests_after_failure()) return host_.on_dialogue_end();
  const double rest_s = retry_after_s > 0 ? std::min(retry_after_s, kRestSecondsMax) : kRestSeconds;
  timer_.set(Clock::now() + std::chrono::duration_cast<Clock::duration>(Seconds(rest_s)),
             [self = shared_from_this()] { self->host_.on_dialogue_end(); });
}

double Dialogue::seconds_at(Clock::time_point when) const { return Seconds(when - host_.start()).count(); }

}  // namespace estoc
