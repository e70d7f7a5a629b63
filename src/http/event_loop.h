// One I/O thread: sockets to wait on, timers, and work posted from other threads.
//
// Ownership: shared, because answers outlive the server; once stopped a loop is deaf and holds nothing of the system.
// Threads: post, stop and is_own_thread from any thread (stop not from the loop's own). LoopSocket and LoopTimer belong
// to the loop's thread, and may only be destroyed elsewhere after stop().
// Errors: constructors throw Error{io} when the system has no more descriptors. Exceptions out of callbacks are logged.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace estoc::http {

// Whether the loop's thread gives way to compute threads (base/background.h): a server's does, the clock of a
// measurement must not.
enum class LoopPriority { background, normal };

class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;
  struct Reactor;

  EventLoop();
  ~EventLoop();

  void start(LoopPriority priority);
  // Runs `work` on the loop's thread, in the order of the calls. False when the loop has stopped; `work` is dropped
  // then.
  bool post(std::function<void()> work);
  // Ends the thread, drops the work not yet run and every wait. Repeating it does nothing.
  void stop();
  bool is_own_thread() const;

 private:
  friend class LoopSocket;
  friend class LoopTimer;
  void run_posted();

  std::unique_ptr<Reactor> reactor_;
  std::thread thread_;
  Mutex mutex_;
  std::vector<std::function<void()>> posted_ GUARDED_BY(mutex_);
  bool is_stopped_ GUARDED_BY(mutex_) = false;
};

// A non-blocking socket on a loop; owns the descriptor. At most one wait of each kind at a time. A callback is called
// once, or dropped unseen when the socket is closed first.
class LoopSocket {
 public:
  LoopSocket(EventLoop& loop, int fd);  // takes fd, also when it throws
  ~LoopSocket();
  int fd() const { return fd_; }
  void wait_readable(std::function<void()> callback);  // readable, ended or failed
  void wait_writable(std::function<void()> callback);  // writable or failed
  void wait_failed(std::function<void()> callback);    // reset by the peer
  void close();

 private:
  struct Descriptor;
  std::unique_ptr<Descriptor> descriptor_;
  int fd_;
};

// Calls back once at the time set last.
class LoopTimer {
 public:
  explicit LoopTimer(EventLoop& loop);
  ~LoopTimer();
  void set(EventLoop::Clock::time_point when, std::function<void()> callback);
  void cancel();

 private:
  struct Timer;
  std::shared_ptr<Timer> timer_;  // only here; pending waits look at it weakly
};

}  // namespace estoc::http
