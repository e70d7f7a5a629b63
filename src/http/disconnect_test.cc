// Peers that go away: noticed at once, told once, and never after the answer is complete.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "http/server.h"
#include "http/test_client.h"

namespace estoc::http {
namespace {

using ResponderPtr = std::shared_ptr<Responder>;

// Keeps what the handler got for the test to use.
struct Desk {
  void take(const ResponderPtr& responder) {
    responder->on_close([this] { ++closed; });
    const std::lock_guard lock(mutex);
    responders.push_back(responder);
  }
  ResponderPtr wait_for_one() {
    EXPECT_TRUE(eventually([&] {
      const std::lock_guard lock(mutex);
      return !responders.empty();
    }));
    const std::lock_guard lock(mutex);
    return responders.at(0);
  }

  std::mutex mutex;
  std::vector<ResponderPtr> responders;
  std::atomic<int> closed{0};
};

enum class Leaving { fin, half_close, rst };

class Disconnect : public testing::TestWithParam<Leaving> {
 protected:
  static void leave(TestClient& client) {
    switch (GetParam()) {
      case Leaving::fin:
        client.close();
        break;
      case Leaving::half_close:
        client.end_sending();
        break;
      case Leaving::rst:
        client.reset();
        break;
    }
  }
  Desk desk_;
  Server server_{test_config(), [this](const Request&, const ResponderPtr& responder) { desk_.take(responder); }};
};

TEST_P(Disconnect, is_seen_while_the_answer_is_awaited) {
  server_.listen();
  TestClient client(server_.port());
  client.send(get("/"));
  const ResponderPtr responder = desk_.wait_for_one();
  EXPECT_FALSE(responder->is_closed());
  leave(client);
  EXPECT_TRUE(eventually([&] { return desk_.closed == 1; }));
  EXPECT_TRUE(responder->is_closed());
  EXPECT_TRUE(eventually([&] { return server_.connection_count() == 0; }));
  responder->respond({});
  EXPECT_EQ(desk_.closed, 1);
}

TEST_P(Disconnect, is_seen_while_a_stream_is_silent) {
  server_.listen();
  TestClient client(server_.port());
  client.send(get("/"));
  const ResponderPtr responder = desk_.wait_for_one();
  responder->start_stream(200, {});
  EXPECT_TRUE(responder->write("hello"));
  EXPECT_EQ(client.read_answer_head().status, 200);
  EXPECT_EQ(client.read_chunk(), "hello");
  leave(client);
  EXPECT_TRUE(eventually([&] { return desk_.closed == 1; }));  // with nothing written meanwhile
  EXPECT_FALSE(responder->write("more"));
  responder->finish();
  EXPECT_EQ(desk_.closed, 1);
}

TEST_P(Disconnect, is_seen_behind_pipelined_requests) {
  server_.listen();
  TestClient client(server_.port());
  client.send(get("/") + get("/next") + "GET /unfinished");
  desk_.wait_for_one();
  leave(client);
  EXPECT_TRUE(eventually([&] { return desk_.closed == 1; }));
  EXPECT_TRUE(eventually([&] { return server_.connection_count() == 0; }));
  EXPECT_EQ(desk_.responders.size(), 1u);
}

TEST_P(Disconnect, is_told_to_a_callback_set_afterwards) {
  server_.listen();
  TestClient client(server_.port());
  client.send(get("/"));
  const ResponderPtr responder = desk_.wait_for_one();
  leave(client);
  ASSERT_TRUE(eventually([&] { return responder->is_closed() && desk_.closed == 1; }));
  std::atomic<int> late{0};
  responder->on_close([&] { ++late; });
  EXPECT_TRUE(eventually([&] { return late == 1; }));
  EXPECT_EQ(desk_.closed, 1);
}

TEST_P(Disconnect, is_not_told_after_the_answer_is_complete) {
  server_.listen();
  TestClient client(server_.port());
  client.send(get("/"));
  const ResponderPtr responder = desk_.wait_for_one();
  responder->start_stream(200, {});
  responder->write("hello");
  responder->finish();
  EXPECT_EQ(client.read_answer().body, "hello");
  leave(client);
  EXPECT_TRUE(eventually([&] { return server_.connection_count() == 0; }));
  EXPECT_EQ(desk_.closed, 0);
}

INSTANTIATE_TEST_SUITE_P(
    All, Disconnect, testing::Values(Leaving::fin, Leaving::half_close, Leaving::rst), [](const auto& info) {
      return std::string(info.param == Leaving::fin ? "fin" : info.param == Leaving::rst ? "rst" : "half_close");
    });

TEST(DisconnectOnce, a_later_callback_replaces_the_earlier) {
  Desk desk;
  Server server(test_config(), [&](const Request&, const ResponderPtr& responder) { desk.take(responder); });
  server.listen();
  TestClient client(server.port());
  client.send(get("/"));
  const ResponderPtr responder = desk.wait_for_one();
  std::atomic<int> second{0};
  responder->on_close([&] { ++second; });
  client.close();
  EXPECT_TRUE(eventually([&] { return second == 1; }));
  EXPECT_EQ(desk.closed, 0);
}

TEST(DisconnectOnce, a_complete_answer_reaches_a_peer_that_only_stopped_sending) {
  Server server(test_config(), [](const Request&, const ResponderPtr& responder) {
    responder->respond({200, {}, std::string(4 << 20, 'x')});
  });
  server.listen();
  TestClient client(server.port());
  client.send(get("/"));
  EXPECT_EQ(client.read_answer_head().status, 200);
  client.end_sending();
  EXPECT_EQ(client.read_to_end().size(), size_t{4} << 20);
}

// Writers on several threads while clients come and vanish: for the sanitizers, and every stream must end.
TEST(DisconnectOnce, writers_survive_vanishing_clients) {
  constexpr int kClients = 60;
  constexpr int kWriters = 3;
  std::mutex mutex;
  std::vector<ResponderPtr> fresh;
  std::atomic<int> closed{0};
  std::atomic<int> ended{0};
  ServerConfig config = test_config();
  config.threads = 2;
  Server server(config, [&](const Request&, const ResponderPtr& responder) {
    responder->on_close([&] { ++closed; });
    const std::lock_guard lock(mutex);
    fresh.push_back(responder);
  });
  server.listen();
  std::atomic<bool> is_over{false};
  const auto write_streams = [&] {
    std::vector<ResponderPtr> own;
    while (!is_over || !own.empty()) {
      {
        const std::lock_guard lock(mutex);
        for (auto& responder : fresh) {
          responder->start_stream(200, {});
          own.push_back(std::move(responder));
        }
        fresh.clear();
      }
      std::vector<ResponderPtr> left;
      for (auto& responder : own) {
        if (responder->write("data: token\n\n")) {
          left.push_back(responder);
        } else {
          responder->finish();
          ++ended;
        }
      }
      own.swap(left);
    }
  };
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) writers.emplace_back(write_streams);
  for (int i = 0; i < kClients; ++i) {
    TestClient client(server.port());
    client.send(get("/"));
    EXPECT_EQ(client.read_answer_head().status, 200);
    if (i % 3 != 0) {
      EXPECT_EQ(client.read_chunk(), "data: token\n\n");
    }
    if (i % 2 != 0) client.reset();
  }
  EXPECT_TRUE(eventually([&] { return ended == kClients && closed == kClients; }));
  is_over = true;
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(ended, kClients);
  EXPECT_EQ(closed, kClients);
}

}  // namespace
}  // namespace estoc::http
