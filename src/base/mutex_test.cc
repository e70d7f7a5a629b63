#include "base/mutex.h"

#include <gtest/gtest.h>

#include <thread>

namespace estoc {
namespace {

struct Counter {
  Mutex mutex;
  Condition changed;
  int value GUARDED_BY(mutex) = 0;
};

TEST(Mutex, OneAtATime) {
  Counter counter;
  const auto count = [&counter] {
    for (int i = 0; i < 20'000; ++i) {
      MutexLock lock(counter.mutex);
      ++counter.value;
      lock.unlock();
      lock.lock();
      --counter.value;
      ++counter.value;
    }
  };
  std::thread other(count);
  count();
  other.join();
  const MutexLock lock(counter.mutex);
  EXPECT_EQ(counter.value, 40'000);
}

TEST(Condition, AWaitEndsWhenItIsMetOrItsTimeIsOver) {
  Counter counter;
  std::thread other([&counter] {
    const MutexLock lock(counter.mutex);
    counter.value = 1;
    counter.changed.notify_all();
  });
  {
    MutexLock lock(counter.mutex);
    counter.changed.wait(lock, [&counter]() REQUIRES(counter.mutex) { return counter.value == 1; });
    const auto is_two = [&counter]() REQUIRES(counter.mutex) { return counter.value == 2; };
    EXPECT_FALSE(counter.changed.wait_for(lock, std::chrono::milliseconds(1), is_two));
    counter.value = 2;
    EXPECT_TRUE(counter.changed.wait_for(lock, std::chrono::milliseconds(1), is_two));
  }
  other.join();
}

}  // namespace
}  // namespace estoc
