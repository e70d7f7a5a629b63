#include "apps/stop_signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "apps/exit_codes.h"
#include "base/last_words.h"

namespace estoc {

struct StopSignals::State {
  sigset_t signals{};
  std::mutex mutex;
  std::condition_variable came;
  bool is_deferred = false;
  int first = 0;  // 0: none yet

  // True when somebody will wait for it; otherwise the process has to end.
  bool take(int signal) {
    const std::lock_guard lock(mutex);
    if (!is_deferred || first != 0) return false;
    first = signal;
    came.notify_one();
    return true;
  }
};

StopSignals::StopSignals() : state_(std::make_shared<State>()) {
  sigemptyset(&state_->signals);
  sigaddset(&state_->signals, SIGINT);
  sigaddset(&state_->signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &state_->signals, nullptr);
  std::thread([state = state_] {
    for (int signal = 0;;) {
      if (sigwait(&state->signals, &signal) != 0 || state->take(signal)) continue;
      write_last_words("estoc: stopped at once\n");
      ::_exit(kExitBySignal + signal);
    }
  }).detach();
}

StopSignals::~StopSignals() = default;

void StopSignals::defer() {
  const std::lock_guard lock(state_->mutex);
  state_->is_deferred = true;
}

int StopSignals::wait() {
  std::unique_lock lock(state_->mutex);
  state_->came.wait(lock, [this] { return state_->first != 0; });
  return state_->first;
}

}  // namespace estoc
