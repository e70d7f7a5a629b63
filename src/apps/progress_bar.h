// A bar on standard error for work that takes longer than a second; silent when that is no terminal.
// One thread. Nothing is thrown.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace estoc {

class ProgressBar {
 public:
  explicit ProgressBar(std::string title);
  ~ProgressBar() { finish(); }
  void update(uint64_t done, uint64_t total);
  void finish();  // wipes the bar; idempotent

 private:
  std::string title_;
  bool is_terminal_;
  bool is_drawn_ = false;
  std::chrono::steady_clock::time_point started_, drawn_;
};

}  // namespace estoc
