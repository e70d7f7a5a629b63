#include "server/encode_exchange.h"

#include <gtest/gtest.h>

#include <thread>

#include "api/test_fake_encoder_model.h"
#include "base/json.h"
#include "server/request_handler.h"
#include "server/test_fake_responder.h"

namespace estoc {
namespace {

class EncodeExchangeTest : public testing::Test {
 protected:
  std::shared_ptr<FakeResponder> send(std::string body, std::string path = "/v1/embeddings") {
    auto responder = std::make_shared<FakeResponder>();
    handler_->handle({"POST", std::move(path), "", {}, std::move(body), "test"}, responder);
    return responder;
  }
  // Plays the connection's thread, and the other one too, until there is an answer.
  void run_until_answered(FakeResponder& responder) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (responder.answers == 0 && std::chrono::steady_clock::now() < end) {
      run_one_of_handed_over();
      responder.run_posts();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ASSERT_EQ(responder.answers, 1);
  }
  bool run_one_of_handed_over() {
    std::function<void()> work;
    {
      const std::lock_guard lock(mutex_);
      if (handed_over_.empty()) return false;
      work = std::move(handed_over_.front());
      handed_over_.pop_front();
      ++run_elsewhere_;
    }
    work();
    return true;
  }
  static Json error_of(const FakeResponder& responder) { return *parse_json(responder.response.body).find("error"); }

  api::FakeEncoderModel model_;
  const api::Models models_{std::vector{model_.model.served}};
  std::mutex mutex_;
  std::deque<std::function<void()>> handed_over_;
  int run_elsewhere_ = 0;
  std::shared_ptr<RequestHandler> handler_ =
      std::make_shared<RequestHandler>(models_, RequestHandlerConfig{.hand_over = [this](std::function<void()> work) {
                                         const std::lock_guard lock(mutex_);
                                         handed_over_.push_back(std::move(work));
                                         return true;
                                       }});
};

TEST_F(EncodeExchangeTest, AnswersWithWhatTheEncoderComputed) {
  const auto responder = send(R"({"input":"abc"})");
  run_until_answered(*responder);
  EXPECT_EQ(responder->response.status, 200);
  EXPECT_EQ(responder->header("Content-Type"), "application/json");
  EXPECT_EQ(responder->header("X-Request-Id").size(), 32u);
  const std::vector<float> expected = model_.encoder.alone({'a', 'b', 'c'});
  const Json body = parse_json(responder->response.body);
  const Json::Array& vector = body.find("data")->as_array()[0].find("embedding")->as_array();
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(static_cast<float>(vector[i].as_double()), expected[i]);
  EXPECT_EQ(run_elsewhere_, 0);  // short ones are written at once
  handler_->wait_until_idle(std::chrono::hours(1));
  EXPECT_EQ(handler_->stats().responses, (std::map<int, uint64_t>{{200, 1}}));
  EXPECT_EQ(handler_->stats().models.at(0).engine.requests_done, 1u);
  EXPECT_TRUE(handler_->stats().models.at(0).texts.has_value());
}

std::string many_texts(size_t count) {
  std::string body = R"({"input":[[1])";
  for (size_t i = 1; i < count; ++i) body += ",[1]";
  return body + "]}";
}

TEST_F(EncodeExchangeTest, LongAnswersAreWrittenElsewhereWhereThereIsRoom) {
  FakeEncoder wide(EncodeExchange::kRenderAtOnceNumbers / 2);
  EncodingEngine engine(wide, {});
  model_.model.served.encoder = &engine;
  const api::Models models{std::vector{model_.model.served}};
  int handed_over = 0;
  bool has_room = true;
  const auto handler = std::make_shared<RequestHandler>(
      models, RequestHandlerConfig{.hand_over = [&](const std::function<void()>& work) {
        ++handed_over;
        if (has_room) work();
        return has_room;
      }});
  for (const auto& [texts, room, expected] : {std::tuple(2, true, 0), {3, true, 1}, {3, false, 2}}) {
    has_room = room;
    const auto responder = std::make_shared<FakeResponder>();
    handler->handle({"POST", "/v1/embeddings", "", {}, many_texts(static_cast<size_t>(texts)), "test"}, responder);
    run_until_answered(*responder);
    EXPECT_EQ(responder->response.status, 200);
    EXPECT_EQ(handed_over, expected);
  }
  handler->wait_until_idle(std::chrono::hours(1));
}

TEST_F(EncodeExchangeTest, WhoLeavesIsNotComputed) {
  EncoderGate gate(model_.encoder);
  const auto first = send(R"({"input":"a"})");
  gate.wait_until_reached();
  const auto waiting = send(many_texts(300));
  ASSERT_TRUE(waiting->close);
  waiting->has_left = true;
  waiting->close();
  EXPECT_EQ(handler_->stats().models.at(0).generating, 1);
  first->has_left = true;
  first->close();
  gate.open();
  ASSERT_TRUE(model_.engine.drain(std::chrono::seconds(60)));
  first->run_posts();
  waiting->run_posts();
  EXPECT_EQ(first->answers + waiting->answers, 0);
  EXPECT_EQ(model_.encoder.batches().size(), 1u);  // the one that was being computed
  EXPECT_EQ(handler_->stats().responses, (std::map<int, uint64_t>{{499, 2}}));
  EXPECT_EQ(model_.engine.stats().engine.requests_cancelled, 1u);
}

TEST_F(EncodeExchangeTest, BadRequestsAndFailuresHarmNobodyElse) {
  const auto bad = send(R"({"input":[]})");
  EXPECT_EQ(bad->response.status, 400);
  const auto poisoned = send(R"({"input":[[1],[13]]})"), good = send(R"({"input":"ab"})");
  run_until_answered(*poisoned);
  run_until_answered(*good);
  EXPECT_EQ(poisoned->response.status, 500);
  EXPECT_EQ(error_of(*poisoned).find("message")->as_string(), "the model computed no numbers for text 1");
  EXPECT_EQ(good->response.status, 200);
}

TEST_F(EncodeExchangeTest, AFullQueueAndAStoppingEngineSaySo) {
  EncodingEngine small(model_.encoder, {.queue_max = 1});
  model_.model.served.encoder = &small;
  const api::Models models{std::vector{model_.model.served}};
  handler_ = std::make_shared<RequestHandler>(models);
  EncoderGate gate(model_.encoder);
  const auto first = send(R"({"input":"a"})");
  gate.wait_until_reached();
  const auto second = send(R"({"input":"a"})");
  EXPECT_EQ(second->response.status, 429);
  EXPECT_GE(std::stoi(second->header("Retry-After")), 1);
  EXPECT_EQ(error_of(*second).find("code")->as_string(), "queue_full");
  gate.open();
  run_until_answered(*first);
  ASSERT_TRUE(small.drain(std::chrono::seconds(60)));
  const auto late = send(R"({"input":"a"})");
  EXPECT_EQ(late->response.status, 503);
  EXPECT_EQ(error_of(*late).find("code")->as_string(), "stopping");
  handler_->wait_until_idle(std::chrono::hours(1));
}

TEST_F(EncodeExchangeTest, StoppingWaitsAndThenCancels) {
  EncoderGate gate(model_.encoder);
  const auto responder = send(many_texts(300));
  gate.wait_until_reached();
  handler_->refuse_new();
  EXPECT_EQ(send(R"({"input":"a"})")->response.status, 503);
  const auto begin = std::chrono::steady_clock::now();
  handler_->wait_until_idle(std::chrono::milliseconds(30));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(30));
  handler_->abandon_all();
  handler_->wait_until_idle(std::chrono::hours(1));
  gate.open();
  ASSERT_TRUE(model_.engine.drain(std::chrono::seconds(60)));
  EXPECT_EQ(model_.engine.stats().engine.requests_cancelled, 1u);
}

}  // namespace
}  // namespace estoc
