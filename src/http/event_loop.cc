#include "http/event_loop.h"

#include <unistd.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/background.h"
#include "base/error.h"
#include "base/log.h"

namespace estoc::http {
namespace {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;  // not any_io_executor: cheaper to compile and to call
using ErrorCodeOut = boost::system::error_code;

void run_logged(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& error) {
    log_error("http: a callback failed: {}", error.what());
  } catch (...) {
    log_error("http: a callback failed");
  }
}

// Asio reports what it cannot have from the system as system_error.
template <typename Make>
auto make_or_fail(const char* what, Make make) {
  try {
    return make();
  } catch (const boost::system::system_error& error) {
    fail(ErrorCode::io, "cannot create {}: {}", what, error.code().message());
  }
}

// The loop whose thread this is.
thread_local const EventLoop* current_loop = nullptr;

}  // namespace

struct EventLoop::Reactor {
  asio::io_context io{1};  // one thread runs it; posting from others stays safe
  asio::executor_work_guard<Executor> keep_running = asio::make_work_guard(io);
};

EventLoop::EventLoop() : reactor_(make_or_fail("an event loop", [] { return std::make_unique<Reactor>(); })) {}

EventLoop::~EventLoop() { stop(); }

void EventLoop::start(LoopPriority priority) {
  thread_ = std::thread([this, priority] {
    current_loop = this;
    if (priority == LoopPriority::background) enter_background();
    while (!reactor_->io.stopped()) {
      try {
        reactor_->io.run();
      } catch (const std::exception& error) {  // Asio itself, out of memory; the loop goes on for the others
        log_error("http: the event loop failed: {}", error.what());
      }
    }
  });
}

bool EventLoop::is_own_thread() const { return current_loop == this; }

bool EventLoop::post(std::function<void()> work) {
  const MutexLock lock(mutex_);
  if (is_stopped_) return false;
  posted_.push_back(std::move(work));
  // The reactor is woken once for all that gathers until it comes round.
  if (posted_.size() == 1) asio::post(reactor_->io, [this] { run_posted(); });
  return true;
}

void EventLoop::run_posted() {
  std::vector<std::function<void()>> batch;
  {
    const MutexLock lock(mutex_);
    batch.swap(posted_);
  }
  for (const auto& work : batch) run_logged(work);
}

void EventLoop::stop() {
  std::vector<std::function<void()>> dropped;
  {
    const MutexLock lock(mutex_);
    if (is_stopped_) return;
    is_stopped_ = true;
    dropped.swap(posted_);
  }
  reactor_->io.stop();
  if (thread_.joinable()) thread_.join();
  // Waits own their callbacks, callbacks own connections, connections own sockets and timers of this reactor: Asio
  // destroys the waits while its services still live, which makes that order safe.
  reactor_.reset();
}

struct LoopSocket::Descriptor : asio::posix::basic_descriptor<Executor> {
  using basic_descriptor::basic_descriptor;
};

LoopSocket::LoopSocket(EventLoop& loop, int fd) : fd_(fd) {
  try {
    descriptor_ =
        make_or_fail("a socket", [&] { return std::make_unique<Descriptor>(loop.reactor_->io.get_executor(), fd); });
  } catch (...) {
    ::close(fd);
    throw;
  }
}

LoopSocket::~LoopSocket() = default;

void LoopSocket::wait_readable(std::function<void()> callback) {
  descriptor_->async_wait(asio::posix::descriptor_base::wait_read,
                          [callback = std::move(callback)](const ErrorCodeOut& error) {
                            if (error != asio::error::operation_aborted) run_logged(callback);
                          });
}

void LoopSocket::wait_writable(std::function<void()> callback) {
  descriptor_->async_wait(asio::posix::descriptor_base::wait_write,
                          [callback = std::move(callback)](const ErrorCodeOut& error) {
                            if (error != asio::error::operation_aborted) run_logged(callback);
                          });
}

void LoopSocket::wait_failed(std::function<void()> callback) {
  descriptor_->async_wait(asio::posix::descriptor_base::wait_error,
                          [callback = std::move(callback)](const ErrorCodeOut& error) {
                            if (error != asio::error::operation_aborted) run_logged(callback);
                          });
}

void LoopSocket::close() {
  ErrorCodeOut ignored;
  descriptor_->close(ignored);
}

struct LoopTimer::Timer {
  asio::basic_waitable_timer<EventLoop::Clock, asio::wait_traits<EventLoop::Clock>, Executor> timer;
  // A handler that was already on its way when the timer was set again carries an old number.
  uint64_t round = 0;
};

LoopTimer::LoopTimer(EventLoop& loop) : timer_(new Timer{decltype(Timer::timer)(loop.reactor_->io.get_executor())}) {}

LoopTimer::~LoopTimer() = default;

void LoopTimer::set(EventLoop::Clock::time_point when, std::function<void()> callback) {
  const uint64_t round = ++timer_->round;
  timer_->timer.expires_at(when);
  timer_->timer.async_wait(
      [timer = std::weak_ptr<Timer>(timer_), round, callback = std::move(callback)](const ErrorCodeOut&) {
        const auto alive = timer.lock();
        if (alive && alive->round == round) run_logged(callback);
      });
}

void LoopTimer::cancel() {
  ++timer_->round;
  timer_->timer.cancel();
}

}  // namespace estoc::http
