#include "server/text_pool.h"

#include <exception>
#include <utility>

#include "base/background.h"
#include "base/log.h"

namespace estoc {

TextPool::TextPool(int threads, size_t queue_max) : queue_max_(queue_max) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

TextPool::~TextPool() { stop(); }

bool TextPool::hand_over(std::function<void()> work) {
  {
    const MutexLock lock(mutex_);
    if (is_stopping_ || queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

void TextPool::run() {
  enter_deep_background();
  MutexLock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this]() REQUIRES(mutex_) { return is_stopping_ || !queue_.empty(); });
    if (is_stopping_) return;
    std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    try {
      work();
    } catch (const std::exception& error) {
      log_error("reading a request failed: {}", error.what());
    }
    work = nullptr;  // what it owns is not kept until the next comes
    lock.lock();
  }
}

void TextPool::stop() {
  std::deque<std::function<void()>> dropped;
  {
    const MutexLock lock(mutex_);
    if (std::exchange(is_stopping_, true)) return;
    dropped.swap(queue_);
  }
  dropped.clear();  // without the lock: what is owned there may be anything
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace estoc
