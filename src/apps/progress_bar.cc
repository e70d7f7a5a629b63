#include "apps/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "apps/standard_streams.h"

namespace estoc {

ProgressBar::ProgressBar(std::string title)
    : title_(std::move(title)),
      is_terminal_(::isatty(STDERR_FILENO) == 1),
      started_(std::chrono::steady_clock::now()),
      drawn_(started_) {}

void ProgressBar::update(uint64_t done, uint64_t total) {
  constexpr std::chrono::milliseconds kQuiet{1000}, kInterval{100};
  const auto now = std::chrono::steady_clock::now();
  if (!is_terminal_ || total == 0 || now - started_ < kQuiet || now - drawn_ < kInterval) return;
  drawn_ = now;
  is_drawn_ = true;
  constexpr int kWidth = 30;
  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const int filled = static_cast<int>(share * kWidth);
  write_note(fmt::format("\r{} [{:=<{}}{: <{}}] {:3.0f} %", title_, "", filled, "", kWidth - filled, share * 100));
}

void ProgressBar::finish() {
  if (!is_drawn_) return;
  write_note("\r\033[K");
  is_drawn_ = false;
}

}  // namespace estoc
