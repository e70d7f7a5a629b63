#include "server/server.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <thread>

#include "api/test_fake_model.h"
#include "base/json.h"
#include "server/test_socket_client.h"

namespace estoc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A stand-in for the engine with a thread of its own: every request gets "abcd.." one letter a millisecond.
class LetterGenerator : public api::Generator {
 public:
  LetterGenerator() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

  SubmitResult submit(Request request, EventSink sink) override {
    const std::lock_guard lock(mutex_);
    const RequestId id = next_id_++;
    running_[id] = {std::move(sink), static_cast<int>(request.prompt.size()), request.tokens_max, 0};
    return {SubmitStatus::accepted, id};
  }
  void complete(RequestId id) override { cancel(id); }
  void cancel(RequestId id) override {
    const std::lock_guard lock(mutex_);
    running_.erase(id);
    changed_.notify_all();
  }
  // True when nothing runs within ten seconds.
  bool wait_idle() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(10), [&] { return running_.empty(); });
  }
  void wait_running() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, seconds(10), [&] { return !running_.empty(); });
  }

 private:
  struct Running {
    EventSink sink;
    int prompt_tokens = 0, tokens_max = 0, output_tokens = 0;
  };

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(milliseconds(1));
      const std::lock_guard lock(mutex_);
      for (auto it = running_.begin(); it != running_.end();) {
        Running& running = it->second;
        Event event;
        event.request = it->first;
        event.token = 'a' + running.output_tokens % 26;
        event.prompt_tokens = running.prompt_tokens;
        event.output_tokens = ++running.output_tokens;
        const bool is_last = running.output_tokens == running.tokens_max;
        if (is_last) event.finish = FinishReason::length;
        running.sink(std::move(event));
        it = is_last ? running_.erase(it) : std::next(it);
      }
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  // Protected by mutex_.
  std::map<RequestId, Running> running_;
  RequestId next_id_ = 1;

  std::jthread thread_;
};

class ServerTest : public testing::Test {
 protected:
  void SetUp() override { server_.listen(); }
  const api::Models& models() {
    model_.served.context = 100000;
    model_.served.generator = &generator_;
    return model_.models();
  }
  static http::ServerConfig config() {
    http::ServerConfig config;
    config.port = 0;
    config.body_bytes_max = 10000;
    return config;
  }
  static std::string prompt(const std::string& fields) { return R"({"prompt":"ab")" + fields + "}"; }
  // The texts of all data events of a completion stream, joined.
  static std::string streamed_text(std::string_view body) {
    std::string text;
    EXPECT_TRUE(body.ends_with("data: [DONE]\n\n"));
    while (body.starts_with("data: {")) {
      const size_t end = body.find("\n\n");
      const Json event = parse_json(body.substr(6, end - 6));
      for (const Json& choice : event.find("choices")->as_array()) {
        text += choice.find("text")->as_string();
      }
      body.remove_prefix(end + 2);
    }
    return text;
  }

  api::FakeModel model_;
  LetterGenerator generator_;
  ApiServer server_{{.http = config()}, models()};
};

TEST_F(ServerTest, AnswersWhole) {
  SocketClient client(server_.port());
  client.send("POST", "/v1/completions", prompt(R"(,"max_tokens":5)"));
  client.read_all();
  EXPECT_EQ(client.status, 200);
  const Json body = parse_json(client.body);
  EXPECT_EQ(body.find("choices")->as_array()[0].find("text")->as_string(), "abcde");
  EXPECT_EQ(body.find("usage")->find("total_tokens")->as_int(), 7);
}

TEST_F(ServerTest, StreamsToManyAtOnce) {
  std::vector<std::unique_ptr<SocketClient>> clients;
  for (int i = 0; i < 16; ++i) {
    clients.push_back(std::make_unique<SocketClient>(server_.port()));
    clients.back()->send("POST", "/v1/completions", prompt(R"(,"stream":true,"max_tokens":)" + std::to_string(10 + i)));
  }
  for (size_t i = 0; i < clients.size(); ++i) {
    clients[i]->read_all();
    EXPECT_EQ(clients[i]->status, 200);
    EXPECT_EQ(streamed_text(clients[i]->body), std::string("abcdefghijklmnopqrstuvwxyz").substr(0, 10 + i));
  }
}

TEST_F(ServerTest, ErrorsHaveOneEnvelopeWhoeverFindsThem) {
  const auto ask = [&](std::string_view method, std::string_view path, std::string_view body) {
    SocketClient client(server_.port());
    client.send(method, path, body);
    client.read_all();
    EXPECT_NE(parse_json(client.body).find("error"), nullptr) << client.body;
    return client.status;
  };
  EXPECT_EQ(ask("GET", "/nothing", ""), 404);
  EXPECT_EQ(ask("DELETE", "/v1/models", ""), 405);
  EXPECT_EQ(ask("POST", "/v1/completions", "{"), 400);
  EXPECT_EQ(ask("POST", "/v1/completions", std::string(20000, ' ')), 413);
}

TEST_F(ServerTest, LeavingCancelsAStreamAndAWaitingAnswer) {
  for (const char* fields : {R"(,"stream":true,"max_tokens":90000)", R"(,"max_tokens":90000)"}) {
    SocketClient client(server_.port());
    client.send("POST", "/v1/completions", prompt(fields));
    if (std::string_view(fields).find("stream") != std::string_view::npos) client.read_until("data: ");
    generator_.wait_running();
    client.close();
    EXPECT_TRUE(generator_.wait_idle()) << fields;
  }
}

TEST_F(ServerTest, LongBodiesAreReadElsewhereAndLeavingThemCancels) {
  const std::string spaces(9000, ' ');
  SocketClient client(server_.port());
  client.send("POST", "/v1/completions", prompt("," + spaces + R"("max_tokens":5)"));
  client.read_all();
  EXPECT_EQ(client.status, 200);
  EXPECT_EQ(parse_json(client.body).find("choices")->as_array()[0].find("text")->as_string(), "abcde");
  for (int i = 0; i < 20; ++i) {  // before, while and after it is read
    SocketClient leaving(server_.port());
    leaving.send("POST", "/v1/completions", prompt("," + spaces + R"("max_tokens":90000)"));
    std::this_thread::sleep_for(std::chrono::microseconds(100 * i));
    leaving.close();
  }
  for (int i = 0; i < 1000 && server_.connection_count() > 0; ++i) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(server_.connection_count(), 0);
  EXPECT_TRUE(generator_.wait_idle());
}

TEST_F(ServerTest, StopLetsAnswersFinishWithinTheGrace) {
  SocketClient client(server_.port());
  client.send("POST", "/v1/completions", prompt(R"(,"max_tokens":50)"));
  generator_.wait_running();
  server_.stop(seconds(10));
  client.read_all();
  EXPECT_EQ(client.status, 200);
}

TEST_F(ServerTest, StopGoesOnListeningUntilAnswersHaveFinished) {
  SocketClient client(server_.port());
  client.send("POST", "/v1/completions", prompt(R"(,"stream":true,"max_tokens":90000)"));
  client.read_until("data: ");
  std::thread stopper([&] { server_.stop(seconds(30)); });
  const auto ask = [&](std::string_view method, std::string_view path, std::string_view body) {
    SocketClient other(server_.port());
    other.send(method, path, body);
    other.read_all();
    return std::pair(other.status, other.headers);
  };
  while (ask("GET", "/readyz", "").first == 200) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(ask("GET", "/readyz", "").first, 503);
  EXPECT_EQ(ask("GET", "/livez", "").first, 200);
  const auto [status, headers] = ask("POST", "/v1/completions", prompt(""));
  EXPECT_EQ(status, 503);
  EXPECT_NE(headers.find("Retry-After: "), std::string::npos) << headers;
  EXPECT_EQ(server_.stats().models[0].generating, 1);
  client.close();
  stopper.join();
  EXPECT_TRUE(generator_.wait_idle());
}

TEST_F(ServerTest, StopCancelsWhatOutlivesTheGrace) {
  SocketClient client(server_.port());
  client.send("POST", "/v1/completions", prompt(R"(,"stream":true,"max_tokens":90000)"));
  client.read_until("data: ");
  server_.stop(milliseconds(50));
  EXPECT_TRUE(generator_.wait_idle());
}

}  // namespace
}  // namespace estoc
