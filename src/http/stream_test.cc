// Streams: every write arrives by itself, slow readers are bounded, many at once.
#include <fmt/core.h>
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

TEST(Stream, every_write_arrives_before_the_next_is_made) {
  std::mutex mutex;
  ResponderPtr stream;
  Server server(test_config(), [&](const Request&, const ResponderPtr& responder) {
    responder->start_stream(200, {{"content-type", "text/event-stream"}});
    const std::lock_guard lock(mutex);
    stream = responder;
  });
  server.listen();
  TestClient client(server.port());
  client.send(get("/"));
  const TestAnswer head = client.read_answer_head();  // the head alone is sent already
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-type"), "text/event-stream");
  EXPECT_EQ(head.headers.at("transfer-encoding"), "chunked");
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return stream != nullptr;
  }));
  for (int i = 0; i < 20; ++i) {
    const std::string event = "data: " + std::to_string(i) + "\n\n";
    EXPECT_TRUE(stream->write(event));
    EXPECT_EQ(client.read_chunk(), event);
  }
  EXPECT_TRUE(stream->write(""));  // must not look like the end
  EXPECT_TRUE(stream->write("last"));
  EXPECT_EQ(client.read_chunk(), "last");
  stream->finish();
  EXPECT_EQ(client.read_chunk(), "");
  EXPECT_FALSE(stream->write("after the end"));
  stream.reset();
  client.send(get("/"));  // the connection goes on
  EXPECT_EQ(client.read_answer_head().status, 200);
}

TEST(Stream, a_reader_that_stopped_is_cut_off) {
  ServerConfig config = test_config();
  config.stream_bytes_max = 256 << 10;
  std::mutex mutex;
  ResponderPtr stream;
  std::atomic<int> closed{0};
  Server server(config, [&](const Request&, const ResponderPtr& responder) {
    responder->on_close([&] { ++closed; });
    responder->start_stream(200, {});
    const std::lock_guard lock(mutex);
    stream = responder;
  });
  server.listen();
  TestClient client(server.port(), 4096);
  client.send(get("/"));
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return stream != nullptr;
  }));
  size_t taken = 0;
  while (stream->write(std::string(1000, 'x')) && taken < (size_t{64} << 20)) taken += 1000;
  EXPECT_LT(taken, size_t{4} << 20);  // the limit and the system's buffers
  EXPECT_TRUE(stream->is_closed());
  EXPECT_TRUE(eventually([&] { return closed == 1; }));
  EXPECT_TRUE(eventually([&] { return server.connection_count() == 0; }));
}

TEST(Stream, a_reader_that_is_slow_gets_everything) {
  ServerConfig config = test_config();
  config.stream_bytes_max = 256 << 10;
  std::thread writer;
  constexpr size_t kBytes = 3 << 20;
  std::atomic<bool> was_cut{false};
  std::atomic<size_t> acknowledged{0};
  Server server(config, [&](const Request&, const ResponderPtr& responder) {
    responder->start_stream(200, {});
    writer = std::thread([&, responder] {
      for (size_t sent = 0; sent < kBytes; sent += 1024) {
        // Keeps less on its way than the limit, as a producer paced by its reader does.
        while (sent > acknowledged + (32 << 10) && !responder->is_closed()) std::this_thread::yield();
        if (!responder->write(std::string(1024, 'x'))) was_cut = true;
      }
      responder->finish();
    });
  });
  server.listen();
  TestClient client(server.port(), 4096);
  client.send(get("/"));
  client.read_answer_head();
  size_t received = 0;
  for (std::string chunk = client.read_chunk(); !chunk.empty(); chunk = client.read_chunk()) {
    acknowledged = received += chunk.size();
  }
  EXPECT_EQ(received, kBytes);
  EXPECT_FALSE(was_cut);
  writer.join();
}

TEST(Stream, a_reader_that_takes_nothing_is_given_up_after_the_idle_timeout) {
  ServerConfig config = test_config();
  config.idle_timeout = std::chrono::milliseconds(50);
  Server server(config, [](const Request&, const ResponderPtr& responder) {
    responder->respond({200, {}, std::string(16 << 20, 'x')});
  });
  server.listen();
  TestClient client(server.port(), 4096);
  client.send(get("/"));
  EXPECT_TRUE(eventually([&] { return server.connection_count() == 1; }));
  EXPECT_TRUE(eventually([&] { return server.connection_count() == 0; }));
}

TEST(Stream, a_silent_stream_outlives_the_idle_timeout) {
  ServerConfig config = test_config();
  config.idle_timeout = config.read_timeout = std::chrono::milliseconds(20);
  std::vector<std::thread> threads;
  Server server(config, [&](const Request&, const ResponderPtr& responder) {
    responder->start_stream(200, {});
    threads.emplace_back([responder] {
      std::this_thread::sleep_for(std::chrono::milliseconds(120));
      responder->write("late");
      responder->finish();
    });
  });
  server.listen();
  TestClient client(server.port());
  EXPECT_EQ(client.ask(get("/")).body, "late");
  for (auto& thread : threads) thread.join();
}

TEST(Stream, two_hundred_at_once) {
  constexpr int kStreams = 200;
  constexpr int kEvents = 20;
  std::mutex mutex;
  std::vector<ResponderPtr> streams;
  ServerConfig config = test_config();
  config.threads = 2;
  Server server(config, [&](const Request&, const ResponderPtr& responder) {
    responder->start_stream(200, {});
    const std::lock_guard lock(mutex);
    streams.push_back(responder);
  });
  server.listen();
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < kStreams; ++i) {
    clients.push_back(std::make_unique<TestClient>(server.port()));
    clients.back()->send(get("/"));
  }
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return streams.size() == kStreams;
  }));
  for (int event = 0; event < kEvents; ++event) {
    for (const auto& stream : streams) EXPECT_TRUE(stream->write(fmt::format("e{};", event)));
  }
  for (const auto& stream : streams) stream->finish();
  std::string expected;
  for (int event = 0; event < kEvents; ++event) expected += fmt::format("e{};", event);
  for (auto& client : clients) EXPECT_EQ(client->read_answer().body, expected);
}

}  // namespace
}  // namespace estoc::http
