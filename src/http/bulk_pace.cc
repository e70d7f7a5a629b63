#include "http/bulk_pace.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <exception>
#include <utility>

#include "base/log.h"

namespace estoc::http {
namespace {

constexpr int kShare = 10;  // one part of so many
// Pauses are at least so long, so that a tenth of it is read at once: short beside a step, and not a timer a read.
constexpr std::chrono::milliseconds kPauseMin{5};

// What this thread has computed, as opposed to waited for a CPU.
std::chrono::nanoseconds spent_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

void BulkPace::take_turn(std::function<void()> read) {
  if (is_pausing_) {
    waiting_.push_back(std::move(read));
  } else {
    run(read);
  }
}

void BulkPace::run(const std::function<void()>& read) {
  const auto begin = spent_time();
  try {
    read();
  } catch (const std::exception& error) {  // out of memory; the others still get their turns
    log_error("http: reading failed: {}", error.what());
  }
  const auto now = Clock::now();
  paid_at_ = std::max(paid_at_, now) + kShare * (spent_time() - begin);
  if (paid_at_ - now < kPauseMin) return;
  is_pausing_ = true;
  timer_.set(paid_at_, [this] { run_waiting(); });
}

void BulkPace::run_waiting() {
  is_pausing_ = false;
  while (!is_pausing_ && !waiting_.empty()) {
    const std::function<void()> read = std::move(waiting_.front());
    waiting_.pop_front();
    run(read);
  }
}

}  // namespace estoc::http
