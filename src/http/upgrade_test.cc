// Connections that leave HTTP: bytes both ways, slow and hasty peers, and every way to end.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "http/frame_handler.h"
#include "http/server.h"
#include "http/test_client.h"

namespace estoc::http {
namespace {

using ResponderPtr = std::shared_ptr<Responder>;

constexpr const char* kAsks = "upgrade: echo\r\nconnection: upgrade\r\n";

// Sends back what it gets, and remembers what happened.
class Echo : public FrameHandler {
 public:
  explicit Echo(ResponderPtr responder) : responder(std::move(responder)) {}

  bool receive(std::string_view bytes) override {
    received += bytes.size();
    if (bytes.find("throw") != std::string_view::npos) throw std::runtime_error("told to");
    if (bytes.find("bye") != std::string_view::npos) {
      responder->write("goodbye");
      responder->finish();
      return true;
    }
    responder->write(std::string(bytes));
    return bytes.find("wait") == std::string_view::npos;
  }
  void stop() override {
    ++stops;
    if (!is_stubborn) {
      responder->write("stopping");
      responder->finish();
    }
  }
  void closed() override { ++closes; }

  const ResponderPtr responder;
  std::atomic<size_t> received{0};
  std::atomic<int> stops{0}, closes{0};
  std::atomic<bool> is_stubborn{false};
};

class UpgradeTest : public testing::Test {
 protected:
  explicit UpgradeTest(ServerConfig config = test_config())
      : server_(std::move(config), [this](const Request& request, const ResponderPtr& responder) {
          auto handler = std::make_shared<Echo>(responder);
          if (!responder->upgrade({{"upgrade", "echo"}, {"x-path", request.path}}, handler)) {
            return responder->respond({426, {{"upgrade", "echo"}}, ""});
          }
          const std::lock_guard lock(mutex_);
          echo_ = std::move(handler);
        }) {
    server_.listen();
  }
  // Of the last connection that was upgraded.
  std::shared_ptr<Echo> echo() {
    EXPECT_TRUE(eventually([&] {
      const std::lock_guard lock(mutex_);
      return echo_ != nullptr;
    }));
    const std::lock_guard lock(mutex_);
    return echo_;
  }
  void open(TestClient& client, std::string_view first_bytes = {}) {
    client.send(get("/x", kAsks) + std::string(first_bytes));
    const TestAnswer head = client.read_answer_head();
    EXPECT_EQ(head.status, 101);
    EXPECT_EQ(head.headers.at("upgrade"), "echo");
    EXPECT_EQ(head.headers.at("connection"), "upgrade");
    EXPECT_EQ(head.headers.at("x-path"), "/x");
    EXPECT_EQ(head.headers.count("content-length") + head.headers.count("transfer-encoding"), 0u);
  }
  void expect_closed() {
    EXPECT_TRUE(eventually([&] { return echo()->closes == 1 && server_.connection_count() == 0; }));
    EXPECT_FALSE(echo()->responder->write("x"));
  }

  std::mutex mutex_;
  std::shared_ptr<Echo> echo_;
  Server server_;
};

TEST_F(UpgradeTest, bytes_go_both_ways_as_they_are) {
  TestClient client(server_.port());
  open(client);
  for (const std::string& bytes :
       {std::string("hello"), std::string("!"), std::string("GET / HTTP/1.1\r\n\r\n"), std::string(3, '\0')}) {
    client.send(bytes);
    EXPECT_EQ(client.read_bytes(bytes.size()), bytes);
  }
  EXPECT_TRUE(echo()->responder->write("unasked"));
  EXPECT_EQ(client.read_bytes(7), "unasked");
  EXPECT_EQ(echo()->closes, 0);
  client.close();
  expect_closed();
}

TEST_F(UpgradeTest, what_comes_with_the_request_is_the_handlers) {
  TestClient client(server_.port());
  open(client, "first");
  EXPECT_EQ(client.read_bytes(5), "first");
}

TEST_F(UpgradeTest, a_connection_may_have_served_requests_before) {
  TestClient client(server_.port());
  EXPECT_EQ(client.ask(get("/")).status, 426);
  open(client);
  client.send("bye");
  EXPECT_EQ(client.read_to_end(), "goodbye");
}

TEST_F(UpgradeTest, who_does_not_ask_is_not_upgraded) {
  TestClient client(server_.port());
  EXPECT_EQ(client.ask(get("/", "connection: upgrade\r\n")).status, 426);
  EXPECT_EQ(client.ask(get("/", "upgrade: echo\r\n")).headers.at("upgrade"), "echo");
  client.send("HEAD / HTTP/1.1\r\nhost: x\r\n" + std::string(kAsks) + "\r\n");
  EXPECT_EQ(client.read_answer(true).status, 426);
}

TEST_F(UpgradeTest, the_handler_may_end_it) {
  TestClient client(server_.port());
  open(client);
  client.send("bye");
  EXPECT_EQ(client.read_to_end(), "goodbye");
  client.close();
  expect_closed();
}

TEST_F(UpgradeTest, a_peer_that_ends_its_side_is_gone) {
  TestClient client(server_.port());
  open(client);
  client.end_sending();
  expect_closed();
}

TEST_F(UpgradeTest, a_reset_is_noticed_also_while_the_peer_is_to_wait) {
  TestClient client(server_.port());
  open(client, "wait");
  EXPECT_EQ(client.read_bytes(4), "wait");
  client.reset();
  expect_closed();
}

TEST_F(UpgradeTest, a_handler_that_throws_ends_its_connection_only) {
  TestClient client(server_.port()), other(server_.port());
  open(client);
  const auto thrower = echo();
  client.send("throw");
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(eventually([&] { return thrower->closes == 1; }));
  EXPECT_EQ(other.ask(get("/")).status, 426);
}

TEST_F(UpgradeTest, nothing_is_received_while_the_peer_is_to_wait) {
  TestClient client(server_.port());
  open(client, "wait");
  EXPECT_EQ(client.read_bytes(4), "wait");
  client.send("more");
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(echo()->received, 4u);
  echo()->responder->resume();
  EXPECT_EQ(client.read_bytes(4), "more");
}

// The echo neither piles up nor is it cut off: who does not read cannot send either.
TEST_F(UpgradeTest, a_peer_that_does_not_read_has_to_wait) {
  constexpr size_t kBytes = size_t{12} << 20;
  TestClient client(server_.port(), 4096);
  open(client);
  std::thread sender([&] { client.send(std::string(kBytes, 'x')); });
  size_t held = 0;
  EXPECT_TRUE(eventually([&] {  // until nothing moves any more
    const size_t before = std::exchange(held, echo()->received.load());
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return before > 0 && before == held;
  }));
  EXPECT_LT(held, size_t{8} << 20);  // the limit and the system's buffers
  EXPECT_EQ(client.read_bytes(kBytes), std::string(kBytes, 'x'));
  sender.join();
  EXPECT_EQ(echo()->received, kBytes);
  EXPECT_EQ(echo()->closes, 0);
}

TEST_F(UpgradeTest, a_handler_that_writes_without_end_is_cut_off) {
  TestClient client(server_.port(), 4096);
  open(client);
  size_t taken = 0;
  while (echo()->responder->write(std::string(1 << 16, 'x')) && taken < (size_t{256} << 20)) taken += 1 << 16;
  EXPECT_LT(taken, size_t{16} << 20);  // stream_bytes_max and the system's buffers
  expect_closed();
}

TEST_F(UpgradeTest, stopping_lets_the_handler_say_goodbye) {
  TestClient client(server_.port());
  open(client);
  std::thread stopper([&] { server_.stop(std::chrono::minutes(1)); });
  EXPECT_EQ(client.read_to_end(), "stopping");
  client.close();
  stopper.join();
  EXPECT_EQ(echo()->stops, 1);
  EXPECT_EQ(echo()->closes, 1);
}

TEST_F(UpgradeTest, stopping_closes_who_goes_on_after_the_grace) {
  TestClient client(server_.port());
  open(client);
  echo()->is_stubborn = true;
  server_.stop(std::chrono::milliseconds(50));
  EXPECT_EQ(echo()->stops, 1);
  EXPECT_EQ(echo()->closes, 1);
  EXPECT_EQ(client.read_to_end(), "");
}

ServerConfig impatient() {
  ServerConfig config = test_config();
  config.idle_timeout = config.read_timeout = std::chrono::milliseconds(50);
  return config;
}

class ImpatientUpgradeTest : public UpgradeTest {
 protected:
  ImpatientUpgradeTest() : UpgradeTest(impatient()) {}
};

TEST_F(ImpatientUpgradeTest, silence_is_no_reason_to_end) {
  TestClient client(server_.port());
  open(client);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  client.send("late");
  EXPECT_EQ(client.read_bytes(4), "late");
}

TEST_F(ImpatientUpgradeTest, a_peer_that_takes_nothing_is_given_up) {
  TestClient client(server_.port(), 4096);
  open(client);
  EXPECT_TRUE(echo()->responder->write(std::string(3 << 20, 'x')));
  expect_closed();
}

ServerConfig patient() {
  ServerConfig config = test_config();
  config.stream_bytes_max = size_t{64} << 20;
  config.upgraded_unsent_max = size_t{48} << 20;
  return config;
}

class PatientUpgradeTest : public UpgradeTest {
 protected:
  PatientUpgradeTest() : UpgradeTest(patient()) {}
};

TEST_F(PatientUpgradeTest, a_peer_is_heard_while_less_than_the_limit_is_unsent) {
  TestClient client(server_.port(), 4096);
  open(client);
  EXPECT_TRUE(echo()->responder->write(std::string(size_t{24} << 20, 'x')));  // far more than the system's buffers
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  client.send("more");
  EXPECT_TRUE(eventually([&] { return echo()->received == 4; }));
}

// A handler that lets go of its Responder has ended the connection.
TEST(Upgrade, a_dropped_responder_ends_it) {
  class Silent : public FrameHandler {
   public:
    explicit Silent(std::atomic<int>& closes) : closes_(closes) {}
    bool receive(std::string_view) override { return true; }
    void stop() override {}
    void closed() override { ++closes_; }

   private:
    std::atomic<int>& closes_;
  };
  std::atomic<int> closes{0};
  Server server(test_config(), [&](const Request&, const ResponderPtr& responder) {
    EXPECT_TRUE(responder->upgrade({{"upgrade", "x"}}, std::make_shared<Silent>(closes)));
    EXPECT_FALSE(responder->upgrade({{"upgrade", "x"}}, std::make_shared<Silent>(closes)));
  });
  server.listen();
  TestClient client(server.port());
  client.send(get("/", kAsks));
  client.read_to_end();
  EXPECT_TRUE(eventually([&] { return closes == 1; }));
}

}  // namespace
}  // namespace estoc::http
