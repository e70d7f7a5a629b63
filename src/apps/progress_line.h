// One line on standard error that tells how far something is: written over on a terminal, every five seconds elsewhere.
// One thread. Nothing is thrown.
#pragma once

#include <chrono>
#include <string>

namespace estoc {

class ProgressLine {
 public:
  explicit ProgressLine(std::string title);
  ~ProgressLine() { wipe(); }

  void show(const std::string& text);  // left out when the last is too fresh
  void say(const std::string& text);   // a line that stays
  void wipe();

 private:
  const std::string title_;
  const bool is_terminal_;
  bool is_drawn_ = false;
  std::chrono::steady_clock::time_point shown_;
};

}  // namespace estoc
