#include "apps/named_model.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>

#include "apps/progress_line.h"
#include "base/format_bytes.h"
#include "checkpoint/checkpoint.h"

namespace estoc {
namespace {

// How far a download is: a bar on a terminal, a line every five seconds elsewhere.
class PullProgress {
 public:
  explicit PullProgress(const std::string& name) : line_("estoc: fetching " + name) {}

  PullListener listener() {
    return {[this](const std::string& sentence) { line_.say(sentence); },
            [this](uint64_t had, uint64_t total) { show(had, total); }};
  }

 private:
  void show(uint64_t had, uint64_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (!is_begun_) {  // what an earlier try left is no speed
      is_begun_ = true;
      begun_ = now;
      first_ = had;
    }
    constexpr int kWidth = 30;
    const double share = total == 0 ? 1 : static_cast<double>(had) / static_cast<double>(total);
    const double seconds = std::chrono::duration<double>(now - begun_).count();
    const double speed = seconds > 0 && had > first_ ? static_cast<double>(had - first_) / seconds : 0;
    const int filled = static_cast<int>(share * kWidth);
    std::string text = fmt::format("[{:=<{}}{: <{}}] {:3.0f} % of {}", "", filled, "", kWidth - filled, share * 100,
                                   format_bytes(total));
    if (speed > 0) {
      text += fmt::format(", {}/s, {:.0f} s left", format_bytes(static_cast<uint64_t>(speed)),
                          static_cast<double>(total - had) / speed);
    }
    line_.show(text);
  }

  ProgressLine line_;
  bool is_begun_ = false;
  std::chrono::steady_clock::time_point begun_;
  uint64_t first_ = 0;
};

bool is_path(const std::string& typed) {
  std::error_code ignored;
  return typed == "demo" || looks_like_path(typed) || std::filesystem::exists(typed, ignored);
}

}  // namespace

HubSettings hub_settings() { return read_hub_settings(ESTOC_VERSION); }

FoundModel pull_told(const HubSettings& settings, const ModelRef& ref) {
  PullProgress progress(ref.text);
  return pull_model(settings, ref, progress.listener());
}

NamedModel named_model(const std::string& typed) {
  if (is_path(typed)) return {resolve_model_path(typed)};
  const HubSettings settings = hub_settings();
  const ModelRef ref = parse_model_ref(typed, settings.hugging_face.text());
  PullProgress progress(ref.text);
  FoundModel found = locate_model(settings, ref, progress.listener());
  return {std::move(found.path), std::move(found.name)};
}

}  // namespace estoc
