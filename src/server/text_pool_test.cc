#include "server/text_pool.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/test_gate.h"

namespace estoc {
namespace {

// Keeps a pool's only thread busy until it is opened.
class Gate : public TestGate {
 public:
  explicit Gate(TextPool& pool) {
    EXPECT_TRUE(pool.hand_over([this] { pass(); }));
    wait_until_reached();
  }
};

TEST(TextPool, WorksInOrder) {
  TextPool pool(1, 100);
  std::vector<int> seen;
  std::promise<void> done;
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(pool.hand_over([&seen, i] { seen.push_back(i); }));
  }
  pool.hand_over([&] { done.set_value(); });
  done.get_future().wait();
  EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(TextPool, RefusesWhatDoesNotFitItsQueue) {
  TextPool pool(1, 2);
  Gate gate(pool);
  EXPECT_TRUE(pool.hand_over([] {}));
  std::promise<void> last;
  EXPECT_TRUE(pool.hand_over([&] { last.set_value(); }));
  EXPECT_FALSE(pool.hand_over([] {}));
  gate.open();
  last.get_future().wait();
  EXPECT_TRUE(pool.hand_over([] {}));
}

TEST(TextPool, GoesOnAfterAFailure) {
  TextPool pool(1, 10);
  std::promise<void> done;
  pool.hand_over([] { throw std::runtime_error("no"); });
  pool.hand_over([&] { done.set_value(); });
  done.get_future().wait();
}

TEST(TextPool, StopFinishesWhatRunsAndDropsWhatWaits) {
  TextPool pool(1, 10);
  Gate gate(pool);
  const auto owned = std::make_shared<int>(1);
  bool has_run = false;
  pool.hand_over([owned, &has_run] { has_run = true; });
  std::thread stopper([&] { pool.stop(); });
  while (owned.use_count() > 1) std::this_thread::yield();  // dropped while the gate is still shut
  gate.open();
  stopper.join();
  EXPECT_FALSE(has_run);
  EXPECT_FALSE(pool.hand_over([] {}));
}

}  // namespace
}  // namespace estoc
