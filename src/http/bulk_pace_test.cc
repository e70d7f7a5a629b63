#include "http/bulk_pace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "http/server.h"
#include "http/test_client.h"

namespace estoc::http {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

std::chrono::nanoseconds thread_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void compute_for(std::chrono::nanoseconds time) {
  for (const auto end = thread_time() + time; thread_time() < end;) {
  }
}

// A pace on a running loop; both belong to the loop's thread.
class Pace : public testing::Test {
 protected:
  Pace() { loop_->start(LoopPriority::normal); }
  ~Pace() override {
    on_loop([this] { pace_.reset(); });
    loop_->stop();
  }

  void on_loop(std::function<void()> work) {
    std::promise<void> done;
    loop_->post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  std::shared_ptr<EventLoop> loop_ = std::make_shared<EventLoop>();
  std::unique_ptr<BulkPace> pace_ = std::make_unique<BulkPace>(*loop_);
};

TEST_F(Pace, gives_a_tenth_of_the_time_in_the_order_of_asking) {
  constexpr int kReads = 12;
  std::vector<int> order;
  std::promise<void> all;
  const auto begin = Clock::now();
  on_loop([&] {
    for (int i = 0; i < kReads; ++i) {
      pace_->take_turn([&, i] {
        compute_for(milliseconds(1));
        order.push_back(i);
        if (i + 1 == kReads) all.set_value();
      });
    }
    EXPECT_EQ(order.size(), 1u) << "the second waits";
  });
  all.get_future().wait();
  EXPECT_GE(Clock::now() - begin, (kReads - 1) * milliseconds(10));
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_F(Pace, does_not_keep_short_reads_waiting) {
  on_loop([&] {
    int reads = 0;
    for (int i = 0; i < 10; ++i) pace_->take_turn([&] { ++reads; });
    EXPECT_EQ(reads, 10);
  });
}

TEST_F(Pace, time_that_nobody_used_is_not_saved_up) {
  std::promise<void> second;
  on_loop([&] { pace_->take_turn([] { compute_for(milliseconds(1)); }); });
  std::this_thread::sleep_for(milliseconds(100));
  Clock::time_point begin;
  on_loop([&] {
    begin = Clock::now();
    pace_->take_turn([] { compute_for(milliseconds(1)); });
    pace_->take_turn([&] { second.set_value(); });
  });
  second.get_future().wait();
  EXPECT_GE(Clock::now() - begin, milliseconds(10));
}

TEST_F(Pace, a_read_that_fails_does_not_stop_the_others) {
  std::promise<void> second;
  on_loop([&] {
    pace_->take_turn([] { compute_for(milliseconds(1)); });
    pace_->take_turn([] { throw std::runtime_error("no memory"); });
    pace_->take_turn([&] { second.set_value(); });
  });
  second.get_future().wait();
}

// The handler computes for 100 ms where a long body ends: the next long one waits a second, everybody else not at all.
TEST(PaceOfAServer, short_requests_do_not_wait_behind_long_bodies) {
  ServerConfig config = test_config();
  config.small_body_bytes = 100;
  Server server(config, [](const Request& request, const std::shared_ptr<Responder>& responder) {
    if (request.path == "/computes") compute_for(milliseconds(100));
    responder->respond({});
  });
  server.listen();
  TestClient first(server.port()), second(server.port()), other(server.port());
  EXPECT_EQ(other.ask(get("/")).status, 200);
  const std::string long_body = post("/computes", std::string(1000, 'x')), half = long_body.substr(0, 500);
  for (TestClient* client : {&first, &second}) client->send(half);
  EXPECT_TRUE(eventually([&] { return server.body_bytes() == 2000; }));
  const auto begin = Clock::now();
  first.send(long_body.substr(half.size()));
  EXPECT_EQ(first.read_answer().status, 200);
  second.send(long_body.substr(half.size()));
  const auto asked = Clock::now();
  EXPECT_EQ(other.ask(get("/")).status, 200);
  EXPECT_LT(Clock::now() - asked, milliseconds(700));
  EXPECT_EQ(second.read_answer().status, 200);
  EXPECT_GE(Clock::now() - begin, milliseconds(1100));
}

}  // namespace
}  // namespace estoc::http
