#include "hub/web_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/error.h"

namespace estoc {
namespace {

class TextSink final : public WebSink {
 public:
  explicit TextSink(size_t bytes_max) : bytes_max_(bytes_max) {}

  bool on_head(const WebHead& head) override {
    answer.head = head;
    answer.body.clear();
    return true;
  }
  bool on_body(std::string_view bytes) override {
    is_too_large = bytes.size() > bytes_max_ - answer.body.size();
    if (!is_too_large) answer.body.append(bytes);
    return !is_too_large;
  }

  WebAnswer answer;
  bool is_too_large = false;

 private:
  const size_t bytes_max_;
};

}  // namespace

bool is_worth_retrying(int status) { return status == 408 || status == 429 || status >= 500; }

std::chrono::milliseconds Patience::next_wait(const std::string& reason, std::optional<double> retry_after_s) {
  constexpr int kTriesMax = 5;
  constexpr double kWaitMax = 300;
  if (++failures_ >= kTriesMax) fail(ErrorCode::io, "{} (tried {} times)", reason, kTriesMax);
  if (retry_after_s && *retry_after_s > kWaitMax) {
    fail(ErrorCode::io, "{}, and asks to come back in {:.0f} s", reason, *retry_after_s);
  }
  const double own = 0.5 * static_cast<double>(1 << (failures_ - 1));
  return std::chrono::milliseconds(static_cast<int64_t>(1000 * std::max(own, retry_after_s.value_or(0))));
}

WebAnswer read_web(WebSession& session, const WebRequest& request, size_t bytes_max, const Note& note) {
  Patience patience;
  while (true) {
    TextSink sink(bytes_max);
    const WebSession::Id id = session.start(request, sink);
    WebOutcome outcome;
    for (bool is_done = false; !is_done;) {
      for (auto& [ended, what] : session.run(std::chrono::milliseconds(100))) {
        if (ended == id) outcome = std::move(what), is_done = true;
      }
    }
    const WebHead& head = sink.answer.head;
    const std::string who = request.url.origin();
    if (sink.is_too_large) fail(ErrorCode::corrupt_file, "{}: its answer is larger than {} bytes", who, bytes_max);
    if (outcome.kind == WebOutcome::Kind::refused) fail(ErrorCode::io, "{}", outcome.error);
    const bool is_whole = outcome.kind == WebOutcome::Kind::whole;
    if (is_whole && !is_worth_retrying(head.status)) return std::move(sink.answer);
    const std::string reason = is_whole ? fmt::format("{}: answers with status {}", who, head.status) : outcome.error;
    const auto wait = patience.next_wait(reason, is_whole ? head.retry_after_s() : std::nullopt);
    if (note) note(fmt::format("{}; trying again in {:.1f} s", reason, static_cast<double>(wait.count()) / 1e3));
    std::this_thread::sleep_for(wait);
  }
}

}  // namespace estoc
