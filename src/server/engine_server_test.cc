// The whole way from a socket through the real engine and back, with a model that counts.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "api/test_fake_model.h"
#include "base/json.h"
#include "server/server.h"
#include "server/test_socket_client.h"

namespace estoc {
namespace {

// The likeliest next token is always the last one plus one.
class CountingModel : public Model {
 public:
  CountingModel() {
    info_.vocab = api::FakeTokenizer().vocab_count();
    info_.state = StateLayout({PagedState{1, 4}});
  }
  const ModelInfo& info() const override { return info_; }
  std::unique_ptr<ModelScratch> make_scratch(const RunLimits&) const override {
    return std::make_unique<ModelScratch>();
  }
  void forward(const Batch& batch, StateStorage&, ModelScratch&, const LogitRows& rows) const override {
    float* const logits = rows.values;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    const auto vocab = static_cast<size_t>(info_.vocab);
    std::fill_n(logits, batch.logit_rows.size() * vocab, 0.0f);
    for (size_t row = 0; row < batch.logit_rows.size(); ++row) {
      const TokenId last = batch.tokens[static_cast<size_t>(batch.logit_rows[row])];
      logits[row * vocab + static_cast<size_t>(last + 1) % vocab] = 20.0f;
    }
  }

 private:
  ModelInfo info_;
};

class EngineServerTest : public testing::Test {
 protected:
  void SetUp() override { server_.listen(); }
  const api::Models& models() {
    served_.served.context = engine_.config().context;
    served_.served.generator = &generator_;
    return served_.models();
  }
  static EngineConfig engine_config() {
    EngineConfig config;
    config.context = 200;
    config.sequences_max = 4;
    config.queue_max = 8;
    return config;
  }
  static http::ServerConfig http_config() {
    http::ServerConfig config;
    config.port = 0;
    return config;
  }
  std::unique_ptr<SocketClient> post(std::string_view path, const std::string& body) {
    auto client = std::make_unique<SocketClient>(server_.port());
    client->send("POST", path, body);
    return client;
  }
  Json answer(std::string_view path, const std::string& body) {
    const auto client = post(path, body);
    client->read_all();
    EXPECT_EQ(client->status, 200) << client->body;
    return parse_json(client->body);
  }
  // True when nothing runs or waits within ten seconds.
  bool becomes_idle() {
    for (int i = 0; i < 1000; ++i) {
      const EngineStats stats = engine_.stats();
      if (stats.running == 0 && stats.waiting == 0) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  api::FakeModel served_;
  CountingModel model_;
  Engine engine_{model_, engine_config()};
  api::EngineGenerator generator_{engine_};
  ApiServer server_{{.http = http_config()}, models()};
};

TEST_F(EngineServerTest, CompletesAndCounts) {
  const Json body = answer("/v1/completions", R"({"prompt":"xya","max_tokens":4,"temperature":0})");
  const Json& choice = body.find("choices")->as_array()[0];
  EXPECT_EQ(choice.find("text")->as_string(), "bcde");
  EXPECT_EQ(choice.find("finish_reason")->as_string(), "length");
  EXPECT_EQ(body.find("usage")->find("prompt_tokens")->as_int(), 3);
  EXPECT_EQ(body.find("usage")->find("completion_tokens")->as_int(), 4);
}

TEST_F(EngineServerTest, StopStringFreesTheSequence) {
  const Json body = answer("/v1/completions", R"({"prompt":"a","max_tokens":150,"temperature":0,"stop":"gh"})");
  const Json& choice = body.find("choices")->as_array()[0];
  EXPECT_EQ(choice.find("text")->as_string(), "bcdef");
  EXPECT_EQ(choice.find("stop_reason")->as_string(), "gh");
  EXPECT_TRUE(becomes_idle());
  EXPECT_EQ(engine_.stats().requests_done, 1u);
  EXPECT_EQ(engine_.stats().requests_cancelled, 0u);
}

TEST_F(EngineServerTest, StopTokenEndsTheText) {
  const Json body =
      answer("/v1/completions", R"({"prompt":"a","max_tokens":50,"temperature":0,"stop_token_ids":[102]})");
  const Json& choice = body.find("choices")->as_array()[0];
  EXPECT_EQ(choice.find("text")->as_string(), "bcde");
  EXPECT_EQ(choice.find("stop_reason")->as_int(), 102);
}

TEST_F(EngineServerTest, EchoScoresThePrompt) {
  const Json body =
      answer("/v1/completions", R"({"prompt":"abd","echo":true,"logprobs":1,"max_tokens":0,"temperature":0})");
  const Json& choice = body.find("choices")->as_array()[0];
  EXPECT_EQ(choice.find("text")->as_string(), "abd");
  const Json::Array& scores = choice.find("logprobs")->find("token_logprobs")->as_array();
  ASSERT_EQ(scores.size(), 3u);
  EXPECT_TRUE(scores[0].is_null());
  EXPECT_NEAR(scores[1].as_double(), 0.0, 0.01);    // "b" after "a" is what the model expects
  EXPECT_NEAR(scores[2].as_double(), -20.0, 0.01);  // "d" after "b" is not
  EXPECT_EQ(body.find("usage")->find("completion_tokens")->as_int(), 0);
}

TEST_F(EngineServerTest, ManyStreamsShareTheEngine) {
  std::vector<std::unique_ptr<SocketClient>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(
        post("/v1/chat/completions",
             R"({"messages":[{"role":"user","content":"hi"}],"stream":true,"temperature":0,"max_tokens":20})"));
  }
  for (const auto& client : clients) {
    client->read_all();
    EXPECT_EQ(client->status, 200);
    EXPECT_TRUE(client->body.ends_with("data: [DONE]\n\n"));
    EXPECT_NE(client->body.find(R"("finish_reason":"length")"), std::string::npos);
  }
  EXPECT_TRUE(becomes_idle());
}

TEST_F(EngineServerTest, LeavingFreesRunningAndWaitingRequests) {
  std::vector<std::unique_ptr<SocketClient>> clients;
  for (int i = 0; i < 8; ++i) {  // four run, four wait
    clients.push_back(post("/v1/completions", std::string(R"({"prompt":"ab","max_tokens":190,"ignore_eos":true)") +
                                                  (i % 2 == 0 ? R"(,"stream":true})" : "}")));
  }
  for (int i = 0; i < 1000 && engine_.stats().running == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  clients.clear();
  EXPECT_TRUE(becomes_idle());
  EXPECT_GT(engine_.stats().requests_cancelled, 0u);
}

}  // namespace
}  // namespace estoc
