// The client beside our own server, and beside servers that break off.
#include "http/client.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <set>

#include "http/server.h"
#include "http/test_client.h"
#include "http/test_raw_server.h"

namespace estoc::http {
namespace {

using Clock = Client::Clock;
using std::chrono::milliseconds;

struct Outcome {
  int status = 0;
  std::string body, error;
  double retry_after_s = 0;
  int pieces = 0;
};

class Recorder final : public AnswerSink {
 public:
  void on_body(int status, std::string_view bytes, Clock::time_point) override {
    EXPECT_FALSE(bytes.empty());
    outcome_.status = status;
    outcome_.body += bytes;
    ++outcome_.pieces;
  }
  void on_end(int status, double retry_after_s, const std::string& error, Clock::time_point) override {
    outcome_.status = status;
    outcome_.retry_after_s = retry_after_s;
    outcome_.error = error;
    promise_.set_value(std::move(outcome_));  // a second end would throw
  }
  std::future<Outcome> outcome() { return promise_.get_future(); }

 private:
  Outcome outcome_;
  std::promise<Outcome> promise_;
};

ServerAddress local_server(uint16_t port) {
  ServerAddress server{.host = "127.0.0.1", .port = port};
  find_address(server);
  return server;
}

// A client with its loop, driven from the test's thread.
class TestCaller {
 public:
  explicit TestCaller(uint16_t port) : client_(loop_, local_server(port)) { loop_.start(LoopPriority::normal); }
  ~TestCaller() {
    close();
    loop_.stop();
  }

  std::future<Outcome> send(std::string request, milliseconds patience = kPatience) {
    const auto sink = std::make_shared<Recorder>();
    loop_.post([this, sink, request, patience] { client_.send(request, sink, Clock::now() + patience); });
    return sink->outcome();
  }
  Outcome ask(std::string request, milliseconds patience = kPatience) {
    std::future<Outcome> outcome = send(std::move(request), patience);
    if (outcome.wait_for(2 * kPatience) != std::future_status::ready) {
      ADD_FAILURE() << "no end was told";
      return {};
    }
    return outcome.get();
  }
  void close() {
    std::promise<void> closed;
    loop_.post([&] {
      client_.close();
      closed.set_value();
    });
    closed.get_future().wait();
  }

 private:
  EventLoop loop_;
  Client client_;
};

Response text_response(std::string body) { return {200, {{"content-type", "text/plain"}}, std::move(body)}; }

TEST(Client, connections_are_used_again) {
  std::mutex mutex;
  std::set<std::string> remotes;
  Server server(test_config(), [&](Request&& request, const std::shared_ptr<Responder>& responder) {
    {
      const std::lock_guard lock(mutex);
      remotes.insert(request.remote);
    }
    responder->respond(text_response("to " + request.path));
  });
  server.listen();
  TestCaller caller(server.port());
  for (int i = 0; i < 5; ++i) {
    const Outcome outcome = caller.ask(get(fmt::format("/{}", i)));
    EXPECT_EQ(outcome.status, 200);
    EXPECT_EQ(outcome.body, fmt::format("to /{}", i));
    EXPECT_EQ(outcome.error, "");
  }
  const std::lock_guard lock(mutex);
  EXPECT_EQ(remotes.size(), 1u);
}

TEST(Client, calls_at_once_have_a_connection_each) {
  std::mutex mutex;
  std::vector<std::shared_ptr<Responder>> waiting;
  Server server(test_config(), [&](const Request&, const std::shared_ptr<Responder>& responder) {
    const std::lock_guard lock(mutex);
    waiting.push_back(responder);
    if (waiting.size() < 3) return;
    for (const auto& one : waiting) one->respond(text_response("all are here"));
  });
  server.listen();
  TestCaller caller(server.port());
  std::vector<std::future<Outcome>> outcomes;
  for (int i = 0; i < 3; ++i) outcomes.push_back(caller.send(get("/")));
  for (auto& outcome : outcomes) EXPECT_EQ(outcome.get().body, "all are here");
}

TEST(Client, a_stream_is_handed_on_as_it_comes) {
  std::promise<std::shared_ptr<Responder>> stream;
  Server server(test_config(), [&](const Request&, const std::shared_ptr<Responder>& responder) {
    responder->start_stream(200, {});
    stream.set_value(responder);
  });
  server.listen();
  TestCaller caller(server.port());
  std::future<Outcome> outcome = caller.send(get("/"));
  const auto responder = stream.get_future().get();
  for (int i = 0; i < 3; ++i) {
    std::this_thread::sleep_for(milliseconds(30));
    responder->write("piece ");
  }
  responder->finish();
  const Outcome whole = outcome.get();
  EXPECT_EQ(whole.body, "piece piece piece ");
  EXPECT_GE(whole.pieces, 2);
}

TEST(Client, a_request_that_an_idle_connection_lost_is_sent_again) {
  const std::string kept = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
  RawServer server({kept, "", kept}, true);  // reads the second request and closes
  TestCaller caller(server.port());
  EXPECT_EQ(caller.ask(get("/")).body, "ok");
  const Outcome second = caller.ask(get("/"));
  EXPECT_EQ(second.body, "ok");
  EXPECT_EQ(second.error, "");
}

TEST(Client, an_answer_that_has_begun_is_not_asked_for_again) {
  const std::string kept = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
  RawServer server({kept, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart"}, true);
  TestCaller caller(server.port());
  EXPECT_EQ(caller.ask(get("/")).body, "ok");
  const Outcome broken_off = caller.ask(get("/"));
  EXPECT_EQ(broken_off.body, "part");
  EXPECT_EQ(broken_off.error, "the connection ended before the answer did");
}

TEST(Client, a_fresh_connection_that_closes_is_an_error) {
  RawServer server({""});
  TestCaller caller(server.port());
  const Outcome outcome = caller.ask(get("/"));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.error, "the connection ended before the answer did");
}

TEST(Client, refusals_carry_when_to_come_back) {
  RawServer server({"HTTP/1.1 503 Busy\r\nretry-after: 9\r\ncontent-length: 0\r\n\r\n"});
  TestCaller caller(server.port());
  const Outcome outcome = caller.ask(get("/"));
  EXPECT_EQ(outcome.status, 503);
  EXPECT_EQ(outcome.retry_after_s, 9);
  EXPECT_EQ(outcome.error, "");
}

TEST(Client, what_takes_too_long_is_given_up) {
  std::promise<std::shared_ptr<Responder>> stream;
  Server server(test_config(), [&](const Request&, const std::shared_ptr<Responder>& responder) {
    responder->start_stream(200, {});
    stream.set_value(responder);
  });
  server.listen();
  TestCaller caller(server.port());
  EXPECT_EQ(caller.ask(get("/"), milliseconds(100)).error, "timed out");
  const auto responder = stream.get_future().get();
  EXPECT_TRUE(eventually([&] { return responder->is_closed(); }));
}

TEST(Client, nobody_there) {
  ServerAddress gone;
  {
    RawServer server({});
    gone = local_server(server.port());
  }
  EventLoop loop;
  Client client(loop, gone);
  loop.start(LoopPriority::normal);
  const auto sink = std::make_shared<Recorder>();
  std::future<Outcome> outcome = sink->outcome();
  loop.post([&] { client.send(get("/"), sink, Clock::now() + kPatience); });
  EXPECT_EQ(outcome.get().error, "cannot connect: Connection refused");
  loop.stop();
}

TEST(Client, a_closed_client_calls_nobody) {
  std::promise<std::shared_ptr<Responder>> asked;
  Server server(test_config(),
                [&](const Request&, const std::shared_ptr<Responder>& responder) { asked.set_value(responder); });
  server.listen();
  TestCaller caller(server.port());
  std::future<Outcome> outcome = caller.send(get("/"));
  const auto responder = asked.get_future().get();
  caller.close();
  EXPECT_TRUE(eventually([&] { return responder->is_closed(); }));
  // The sink is gone, unended: nobody can be told any more.
  ASSERT_EQ(outcome.wait_for(kPatience), std::future_status::ready);
  EXPECT_THROW(outcome.get(), std::future_error);
}

}  // namespace
}  // namespace estoc::http
