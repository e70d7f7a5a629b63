// Stopping: with grace, at once, and with answers still held elsewhere.
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
using Clock = std::chrono::steady_clock;

struct Held {
  Handler handler() {
    return [this](const Request&, const ResponderPtr& responder) {
      responder->on_close([this] { ++closed; });
      responder->start_stream(200, {});
      const std::lock_guard lock(mutex);
      streams.push_back(responder);
    };
  }
  void wait_for(size_t count) {
    EXPECT_TRUE(eventually([&] {
      const std::lock_guard lock(mutex);
      return streams.size() == count;
    }));
  }

  std::mutex mutex;
  std::vector<ResponderPtr> streams;
  std::atomic<int> closed{0};
};

TEST(Stop, lets_a_running_stream_complete) {
  Held held;
  Server server(test_config(), held.handler());
  server.listen();
  TestClient idle(server.port());
  TestClient client(server.port());
  client.send(get("/"));
  held.wait_for(1);
  std::thread stopper([&] { server.stop(std::chrono::minutes(1)); });
  EXPECT_EQ(idle.read_to_end(), "");  // idle connections are closed at once
  EXPECT_TRUE(held.streams[0]->write("still here"));
  held.streams[0]->finish();
  EXPECT_EQ(client.read_answer().body, "still here");
  EXPECT_EQ(client.read_to_end(), "");
  client.close();
  stopper.join();
  EXPECT_EQ(held.closed, 0);
  EXPECT_EQ(server.connection_count(), 0);
}

TEST(Stop, closes_what_is_left_after_the_grace) {
  Held held;
  Server server(test_config(), held.handler());
  server.listen();
  TestClient client(server.port());
  client.send(get("/"));
  held.wait_for(1);
  server.stop(std::chrono::milliseconds(20));
  EXPECT_EQ(held.closed, 1);
  EXPECT_TRUE(held.streams[0]->is_closed());
  EXPECT_FALSE(held.streams[0]->write("x"));
  EXPECT_EQ(client.read_to_end().find("0\r\n\r\n"), std::string::npos);
  server.stop(std::chrono::milliseconds(20));  // a second stop has nothing to do
}

TEST(Stop, accepts_no_more) {
  Server server(test_config(), Held().handler());
  server.listen();
  const uint16_t port = server.port();
  server.stop(std::chrono::milliseconds(0));
  ServerConfig config = test_config();
  config.port = port;
  Server next(config, [](const Request&, const ResponderPtr& responder) { responder->respond({}); });
  next.listen();  // the port is free again
  TestClient client(next.port());
  EXPECT_EQ(client.ask(get("/")).status, 200);
}

TEST(Stop, responders_outlive_the_server) {
  Held held;
  {
    Server server(test_config(), held.handler());
    server.listen();
    TestClient client(server.port());
    client.send(get("/"));
    held.wait_for(1);
  }
  EXPECT_EQ(held.closed, 1);
  const ResponderPtr stream = held.streams[0];
  EXPECT_TRUE(stream->is_closed());
  EXPECT_FALSE(stream->write("x"));
  stream->post([] { FAIL() << "work ran after the server was gone"; });
  stream->on_close([] { FAIL() << "a callback ran after the server was gone"; });
  stream->respond({});
  stream->finish();
}

TEST(Stop, while_others_write) {
  Held held;
  auto server = std::make_unique<Server>(test_config(), held.handler());
  server->listen();
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<TestClient>(server->port()));
    clients.back()->send(get("/"));
  }
  held.wait_for(20);
  std::vector<std::thread> writers;
  for (int i = 0; i < 2; ++i) {
    writers.emplace_back([&, i] {
      for (size_t stream = i; stream < 20; stream += 2) {
        while (held.streams[stream]->write("data")) {
          held.streams[stream]->post([] {});
        }
      }
    });
  }
  server.reset();
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(held.closed, 20);
}

TEST(Stop, without_listening) {
  Server server(test_config(), Held().handler());
  server.stop(std::chrono::seconds(1));
}

TEST(Stop, does_not_wait_for_half_a_request) {
  Server server(test_config(), Held().handler());
  server.listen();
  TestClient client(server.port());
  client.send("GET / HT");
  ASSERT_TRUE(eventually([&] { return server.connection_count() == 1; }));
  const auto start = Clock::now();
  server.stop(std::chrono::minutes(1));
  EXPECT_LT(Clock::now() - start, kPatience);
}

}  // namespace
}  // namespace estoc::http
