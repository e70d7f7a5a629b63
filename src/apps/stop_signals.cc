#include "apps/stop_signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "apps/exit_codes.h"
#include "base/last_words.h"
#include "base/mutex.h"

namespace estoc {

struct StopSignals::State {
  sigset_t signals{};
  Mutex mutex;
  Condition came;
  bool is_deferred GUARDED_BY(mutex) = false;
  int first GUARDED_BY(mutex) = 0;  // 0: none yet

  // True when somebody will wait for it; otherwise the process has to end.
  bool take(int signal) {
    const MutexLock lock(mutex);
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
  const MutexLock lock(state_->mutex);
  state_->is_deferred = true;
}

int StopSignals::wait_for(std::chrono::milliseconds time) {
  State& state = *state_;
  MutexLock lock(state.mutex);
  state.came.wait_for(lock, time, [&state]() REQUIRES(state.mutex) { return state.first != 0; });
  return state.first;
}

}  // namespace estoc
