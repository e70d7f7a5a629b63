#include "apps/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include "apps/standard_streams.h"

namespace estoc {

ProgressLine::ProgressLine(std::string title)
    : title_(std::move(title)), is_terminal_(::isatty(STDERR_FILENO) != 0), shown_(std::chrono::steady_clock::now()) {}

void ProgressLine::show(const std::string& text) {
  constexpr std::chrono::milliseconds kOnTerminal{250}, kElsewhere{5000};
  const auto now = std::chrono::steady_clock::now();
  if (now - shown_ < (is_terminal_ ? kOnTerminal : kElsewhere)) return;
  shown_ = now;
  is_drawn_ = is_terminal_;
  write_note(fmt::format("{}{}: {}{}", is_terminal_ ? "\r\033[K" : "", title_, text, is_terminal_ ? "" : "\n"));
}

void ProgressLine::say(const std::string& text) {
  wipe();
  write_note(fmt::format("{}: {}\n", title_, text));
}

void ProgressLine::wipe() {
  if (is_drawn_) write_note("\r\033[K");
  is_drawn_ = false;
}

}  // namespace estoc
