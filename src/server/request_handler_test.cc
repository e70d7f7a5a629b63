#include "server/request_handler.h"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <map>

#include "api/test_fake_model.h"
#include "base/error.h"
#include "base/json.h"
#include "server/test_fake_responder.h"

namespace estoc {
namespace {

using api::events_of;
using api::FakeModel;

// Keeps what was submitted; the test plays the engine.
class FakeGenerator : public api::Generator {
 public:
  SubmitResult submit(Request request, EventSink sink) override {
    if (refusal) throw *refusal;
    if (sinks.size() >= accepted_max) return {.status = status_after, .retry_after_s = retry_after_s};
    requests.push_back(std::move(request));
    sinks.push_back(std::move(sink));
    return {SubmitStatus::accepted, sinks.size()};
  }
  void cancel(RequestId id) override { cancelled.push_back(id); }
  void complete(RequestId id) override { completed.push_back(id); }

  void play(size_t index, std::vector<Event> events) {
    for (Event& event : events) sinks.at(index)(std::move(event));
  }

  size_t accepted_max = 100;
  SubmitStatus status_after = SubmitStatus::queue_full;
  int retry_after_s = 0;
  std::optional<Error> refusal;
  std::vector<Request> requests;
  std::vector<EventSink> sinks;
  std::vector<RequestId> cancelled, completed;
};

class RequestHandlerTest : public testing::Test {
 protected:
  std::shared_ptr<FakeResponder> send(std::string method, std::string path, std::string body = "",
                                      http::Headers headers = {}) {
    auto responder = std::make_shared<FakeResponder>();
    handler_->handle({std::move(method), std::move(path), "", std::move(headers), std::move(body), "test"}, responder);
    return responder;
  }
  // Too long to be read at once.
  std::shared_ptr<FakeResponder> complete_long(const std::string& fields) {
    return complete(fields + "," + std::string(RequestHandler::kReadAtOnceBytes, ' ') + R"("echo":false)");
  }
  void read_next() { run_first(handed_over_); }
  static void run_first(std::deque<std::function<void()>>& queue) {
    const auto work = std::move(queue.front());
    queue.pop_front();
    work();
  }
  std::shared_ptr<FakeResponder> complete(const std::string& fields) {
    return send("POST", "/v1/completions", R"({"prompt":"ab")" + fields + "}");
  }
  static Json error_of(const FakeResponder& responder) { return *parse_json(responder.response.body).find("error"); }

  FakeModel model_;
  FakeGenerator generator_, second_;  // of "org/tiny" and of "org/second"
  const api::Models models_ = [this] {
    std::vector<api::ServedModel> list(2, model_.served);
    list[0].generator = &generator_;
    list[1].name = "org/second";
    list[1].generator = &second_;
    return api::Models(std::move(list));
  }();
  std::deque<std::function<void()>> handed_over_, to_compile_;
  size_t hand_over_max_ = 2;
  std::shared_ptr<RequestHandler> handler_ = std::make_shared<RequestHandler>(
      models_, RequestHandlerConfig{.access = WebAccess({.hosts = {}, .origins = {"http://app.example"}}),
                                    .hand_over =
                                        [this](std::function<void()> work) {
                                          if (handed_over_.size() == hand_over_max_) return false;
                                          handed_over_.push_back(std::move(work));
                                          return true;
                                        },
                                    .hand_over_compile =
                                        [this](std::function<void()> work) {
                                          if (to_compile_.size() == hand_over_max_) return false;
                                          to_compile_.push_back(std::move(work));
                                          return true;
                                        }});
};

TEST_F(RequestHandlerTest, AnswersAtOnceWhatIsReady) {
  const auto responder = send("GET", "/health");
  EXPECT_EQ(responder->response.status, 200);
  EXPECT_EQ(responder->response.body, R"({"status":"ok","models":[{"name":"org/tiny","weights":"as-stored"},)"
                                      R"({"name":"org/second","weights":"as-stored"}]})");
  EXPECT_EQ(responder->header("Content-Type"), "application/json");
  EXPECT_EQ(responder->header("Access-Control-Allow-Origin"), "");
  EXPECT_EQ(responder->header("X-Request-Id").size(), 32u);
}

TEST_F(RequestHandlerTest, EchoesASaneRequestId) {
  EXPECT_EQ(send("GET", "/health", "", {{"X-Request-Id", "mine-7"}})->header("X-Request-Id"), "mine-7");
  EXPECT_NE(send("GET", "/health", "", {{"X-Request-Id", "a b\r\nX: y"}})->header("X-Request-Id"), "a b\r\nX: y");
  for (const auto& [size, echoed] : {std::pair<size_t, size_t>{1, 1}, {128, 128}, {129, 32}}) {
    EXPECT_EQ(send("GET", "/health", "", {{"X-Request-Id", std::string(size, 'x')}})->header("X-Request-Id").size(),
              echoed);
  }
}

TEST_F(RequestHandlerTest, UnknownPathsAndMethods) {
  const auto unknown = send("GET", "/v2/nothing");
  EXPECT_EQ(unknown->response.status, 404);
  EXPECT_EQ(error_of(*unknown).find("message")->as_string(), "no such path: /v2/nothing");
  const auto wrong = send("GET", "/v1/completions");
  EXPECT_EQ(wrong->response.status, 405);
  EXPECT_EQ(wrong->header("Allow"), "POST");
}

TEST_F(RequestHandlerTest, AnswersThePreflight) {
  const auto foreign = send("OPTIONS", "/v1/chat/completions", "", {{"Origin", "http://evil.example"}});
  EXPECT_EQ(foreign->response.status, 204);
  EXPECT_EQ(foreign->header("Access-Control-Allow-Origin"), "");
  const auto responder = send("OPTIONS", "/v1/chat/completions", "", {{"Origin", "http://app.example"}});
  EXPECT_EQ(responder->response.status, 204);
  EXPECT_EQ(responder->response.body, "");
  EXPECT_EQ(responder->header("Access-Control-Allow-Origin"), "http://app.example");
  EXPECT_EQ(responder->header("Vary"), "Origin");
  EXPECT_NE(responder->header("Access-Control-Allow-Methods").find("POST"), std::string::npos);
}

TEST_F(RequestHandlerTest, ForeignHostsAndUnaskedPagesAreRefused) {
  const auto host = send("GET", "/v1/models", "", {{"Host", "evil.example"}});
  EXPECT_EQ(host->response.status, 403);
  EXPECT_NE(error_of(*host).find("message")->as_string().find("--allow-host"), std::string::npos);
  EXPECT_EQ(send("GET", "/v1/models", "", {{"Host", "localhost:8000"}})->response.status, 200);
  const auto page = send("POST", "/v1/completions", R"({"prompt":"ab"})",
                         {{"Origin", "http://evil.example"}, {"Content-Type", "text/plain"}});
  EXPECT_EQ(page->response.status, 403);
  EXPECT_TRUE(generator_.requests.empty());
  const auto own = send("POST", "/v1/completions", R"({"prompt":"ab"})", {{"Origin", "http://app.example"}});
  EXPECT_EQ(generator_.requests.size(), 1u);
  generator_.play(0, events_of({258}, FinishReason::length));
  own->run_posts();
  EXPECT_EQ(own->header("Access-Control-Allow-Origin"), "http://app.example");
}

TEST_F(RequestHandlerTest, LongBodiesAreReadElsewhere) {
  const auto responder = complete_long("");
  EXPECT_TRUE(generator_.requests.empty());
  read_next();
  EXPECT_TRUE(generator_.requests.empty());  // it is submitted on the connection's thread
  responder->run_posts();
  ASSERT_EQ(generator_.requests.size(), 1u);
  generator_.play(0, events_of({258}, FinishReason::length));
  responder->run_posts();
  EXPECT_EQ(responder->response.status, 200);
  const auto refused = complete_long(R"(,"n":0)");
  read_next();
  EXPECT_EQ(refused->response.status, 400);
  EXPECT_EQ(error_of(*refused).find("param")->as_string(), "n");
}

TEST_F(RequestHandlerTest, ABodyOfTheSizeThatIsReadAtOnceIs) {
  const std::string body = R"({"prompt":"ab"})";
  const size_t rest = RequestHandler::kReadAtOnceBytes - body.size();
  send("POST", "/v1/completions", body + std::string(rest, ' '));
  EXPECT_EQ(generator_.requests.size(), 1u);
  send("POST", "/v1/completions", body + std::string(rest + 1, ' '));
  EXPECT_EQ(generator_.requests.size(), 1u);
  EXPECT_EQ(handed_over_.size(), 1u);
}

TEST_F(RequestHandlerTest, WhatCannotBeReadSoonIsRefused) {
  complete_long("");
  complete_long("");
  const auto third = complete_long("");
  EXPECT_EQ(third->response.status, 503);
  EXPECT_EQ(third->header("Retry-After"), "1");
  EXPECT_EQ(error_of(*third).find("code")->as_string(), "busy");
  complete("");
  EXPECT_EQ(generator_.requests.size(), 1u);  // short ones go on
}

TEST_F(RequestHandlerTest, ConstraintsAreCompiledElsewhereOnceAndThenFound) {
  const auto first = complete(R"(,"guided_regex":"a+")");
  EXPECT_TRUE(generator_.requests.empty());
  ASSERT_EQ(to_compile_.size(), 1u);
  run_first(to_compile_);
  first->run_posts();
  ASSERT_EQ(generator_.requests.size(), 1u);
  EXPECT_NE(generator_.requests[0].constraint, nullptr);
  complete(R"(,"guided_regex":"a+")");
  EXPECT_TRUE(to_compile_.empty());
  ASSERT_EQ(generator_.requests.size(), 2u);
  EXPECT_EQ(generator_.requests[1].constraint, generator_.requests[0].constraint);
}

// A long body is read by those who read long bodies, and compiled by those who compile.
TEST_F(RequestHandlerTest, ConstraintsOfLongBodiesAreCompiledElsewhereToo) {
  const auto responder = complete_long(R"(,"guided_regex":"a+")");
  ASSERT_EQ(handed_over_.size(), 1u);
  read_next();
  ASSERT_EQ(to_compile_.size(), 1u);
  run_first(to_compile_);
  responder->run_posts();
  EXPECT_EQ(generator_.requests.size(), 1u);
}

TEST_F(RequestHandlerTest, WhatCannotBeCompiledIsRefusedAndTooManyAreToo) {
  const auto wrong = complete(R"(,"guided_regex":"(")");
  run_first(to_compile_);
  EXPECT_EQ(wrong->response.status, 400);
  EXPECT_EQ(error_of(*wrong).find("param")->as_string(), "guided_regex");
  for (int i = 0; i < 2; ++i) complete(R"(,"guided_regex":"(")");
  EXPECT_EQ(complete(R"(,"guided_regex":"(")")->response.status, 503);
}

TEST_F(RequestHandlerTest, WhoLeavesIsNotRead) {
  const auto responder = complete_long("");
  responder->has_left = true;
  read_next();
  responder->run_posts();
  const auto later = complete_long("");
  read_next();
  later->has_left = true;  // between reading and submitting
  later->run_posts();
  EXPECT_TRUE(generator_.requests.empty());
  EXPECT_EQ(handler_->stats().responses, (std::map<int, uint64_t>{{499, 2}}));
}

TEST_F(RequestHandlerTest, StoppingWaitsForWhatIsBeingRead) {
  const auto early = complete_long("");
  handler_->refuse_new();
  const auto late = complete_long("");
  const auto begin = std::chrono::steady_clock::now();
  handler_->wait_until_idle(std::chrono::milliseconds(30));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(30));
  read_next();
  early->run_posts();
  EXPECT_EQ(generator_.requests.size(), 1u);
  read_next();
  late->run_posts();
  EXPECT_EQ(late->response.status, 503);
  EXPECT_EQ(error_of(*late).find("code")->as_string(), "stopping");
  handler_->abandon_all();
  complete_long("");
  handed_over_.clear();  // dropped unread, as by a pool that stops
  handler_->wait_until_idle(std::chrono::hours(1));
}

TEST_F(RequestHandlerTest, BadRequestsGetTheEnvelope) {
  const auto responder = send("POST", "/v1/completions", "");
  EXPECT_EQ(responder->response.status, 400);
  EXPECT_EQ(error_of(*responder).find("type")->as_string(), "invalid_request_error");
  EXPECT_TRUE(generator_.requests.empty());
  EXPECT_EQ(handler_->render_error(413, "too big").status, 413);
}

TEST_F(RequestHandlerTest, EachModelHasItsGeneratorAndItsCounts) {
  const auto first = complete(R"(,"model":"org/tiny")");
  const auto second = complete(R"(,"model":"org/second","n":2)");
  EXPECT_EQ(generator_.requests.size(), 1u);
  ASSERT_EQ(second_.requests.size(), 2u);
  EXPECT_EQ(handler_->stats().models[0].generating, 1);
  EXPECT_EQ(handler_->stats().models[1].generating, 1);
  second_.play(0, events_of({258}, FinishReason::length));
  second_.play(1, events_of({258}, FinishReason::length));
  second->run_posts();
  EXPECT_EQ(parse_json(second->response.body).find("model")->as_string(), "org/second");
  EXPECT_EQ(handler_->stats().models[0].choices.length, 0u);
  EXPECT_EQ(handler_->stats().models[1].choices.length, 2u);
  const auto left = complete(R"(,"model":"org/second")");
  left->close();
  EXPECT_EQ(second_.cancelled, std::vector<RequestId>{3});
  EXPECT_TRUE(generator_.cancelled.empty());
  handler_->abandon_all();
  EXPECT_EQ(generator_.cancelled, std::vector<RequestId>{1});
  EXPECT_EQ(handler_->stats().models[0].choices.aborted, 1u);
}

TEST_F(RequestHandlerTest, StreamsEventsInOneWriteAPost) {
  const auto responder = complete(R"(,"stream":true)");
  EXPECT_EQ(responder->answers, 0);  // the status is open until the first event
  generator_.play(0, events_of({258, 259}, FinishReason::length));
  EXPECT_EQ(responder->post_count(), 1u);
  responder->run_posts();
  EXPECT_EQ(responder->writes, 1);
  EXPECT_EQ(responder->finishes, 1);
  EXPECT_EQ(responder->header("Content-Type"), "text/event-stream; charset=utf-8");
  EXPECT_NE(responder->response.body.find(R"("text":"Hello")"), std::string::npos);
  EXPECT_TRUE(responder->response.body.ends_with("data: [DONE]\n\n"));
  EXPECT_TRUE(generator_.cancelled.empty());
}

TEST_F(RequestHandlerTest, WritesEachPostsEvents) {
  const auto responder = complete(R"(,"stream":true)");
  std::vector<Event> events = events_of({258, 259}, FinishReason::length);
  generator_.sinks[0](std::move(events[0]));
  responder->run_posts();
  EXPECT_EQ(responder->writes, 1);
  EXPECT_EQ(responder->finishes, 0);
  generator_.sinks[0](std::move(events[1]));
  responder->run_posts();
  EXPECT_EQ(responder->writes, 2);
  EXPECT_EQ(responder->finishes, 1);
}

TEST_F(RequestHandlerTest, WholeAnswerComesAtTheEnd) {
  const auto responder = complete(R"(,"n":2)");
  generator_.play(1, events_of({258}, FinishReason::length));
  responder->run_posts();
  EXPECT_EQ(responder->answers, 0);
  generator_.play(0, events_of({259}, FinishReason::length));
  responder->run_posts();
  EXPECT_EQ(responder->response.status, 200);
  EXPECT_EQ(parse_json(responder->response.body).find("choices")->as_array().size(), 2u);
}

TEST_F(RequestHandlerTest, StopStringCompletesTheRequest) {
  const auto responder = complete(R"(,"stop":"ell")");
  generator_.play(0, events_of({258, 259, 260}, FinishReason::length));
  responder->run_posts();
  EXPECT_EQ(generator_.completed, std::vector<RequestId>{1});
  EXPECT_TRUE(generator_.cancelled.empty());
  EXPECT_EQ(parse_json(responder->response.body).find("choices")->as_array()[0].find("text")->as_string(), "H");
}

TEST_F(RequestHandlerTest, PeerLeavingCancelsWhetherWaitingOrStreaming) {
  for (const char* fields : {"", R"(,"stream":true)"}) {
    generator_ = {};
    const auto waiting = complete(fields);
    ASSERT_TRUE(waiting->close);
    waiting->close();
    EXPECT_EQ(generator_.cancelled, std::vector<RequestId>{1});
    Event event;
    event.finish = FinishReason::cancelled;
    generator_.sinks[0](std::move(event));
    waiting->run_posts();
    EXPECT_EQ(waiting->answers, 0);
  }
  generator_ = {};
  const auto streaming = complete(R"(,"stream":true,"n":2)");
  std::vector<Event> events = events_of({258, 259}, FinishReason::length);
  generator_.sinks[0](std::move(events[0]));
  streaming->run_posts();
  streaming->close();
  EXPECT_EQ(generator_.cancelled, (std::vector<RequestId>{1, 2}));
  EXPECT_EQ(streaming->finishes, 0);
}

TEST_F(RequestHandlerTest, FailedWriteCancels) {
  const auto responder = complete(R"(,"stream":true)");
  responder->refuses_writes = true;
  std::vector<Event> events = events_of({258, 259}, FinishReason::length);
  generator_.sinks[0](std::move(events[0]));
  responder->run_posts();
  EXPECT_EQ(generator_.cancelled, std::vector<RequestId>{1});
  generator_.sinks[0](std::move(events[1]));
  responder->run_posts();
  EXPECT_EQ(responder->writes, 1);
}

TEST_F(RequestHandlerTest, FullQueueIsTooManyRequests) {
  generator_.accepted_max = 1;
  const auto responder = complete(R"(,"n":2)");
  EXPECT_EQ(responder->response.status, 429);
  EXPECT_EQ(responder->header("Retry-After"), "1");
  EXPECT_EQ(error_of(*responder).find("code")->as_string(), "queue_full");
  EXPECT_EQ(generator_.cancelled, std::vector<RequestId>{1});  // the choice that was accepted
  generator_.play(0, events_of({258}, FinishReason::length));
  EXPECT_EQ(responder->post_count(), 0u);
}

TEST_F(RequestHandlerTest, EngineRefusalKeepsItsWords) {
  generator_.refusal = Error(ErrorCode::invalid_argument, "the prompt has 90 tokens, the cache holds 64");
  const auto responder = complete("");
  EXPECT_EQ(responder->response.status, 400);
  EXPECT_EQ(error_of(*responder).find("message")->as_string(), "the prompt has 90 tokens, the cache holds 64");
}

TEST_F(RequestHandlerTest, FailureBeforeTheStreamHasItsStatus) {
  const auto responder = complete(R"(,"stream":true)");
  Event event;
  event.finish = FinishReason::error;
  event.error = "broken";
  generator_.sinks[0](std::move(event));
  responder->run_posts();
  EXPECT_EQ(responder->response.status, 500);
  EXPECT_EQ(responder->finishes, 0);
}

TEST_F(RequestHandlerTest, FailureWithinTheStreamIsAnEvent) {
  const auto responder = complete(R"(,"stream":true,"n":2)");
  std::vector<Event> events = events_of({258, 259}, FinishReason::length);
  generator_.sinks[0](std::move(events[0]));
  responder->run_posts();
  Event event;
  event.finish = FinishReason::error;
  event.error = "broken";
  generator_.sinks[1](std::move(event));
  responder->run_posts();
  EXPECT_TRUE(responder->response.body.ends_with(
      R"(data: {"error":{"message":"broken","type":"server_error","param":null,"code":null}})"
      "\n\ndata: [DONE]\n\n"));
  EXPECT_EQ(responder->finishes, 1);
  EXPECT_EQ(generator_.cancelled, (std::vector<RequestId>{1, 2}));
}

TEST_F(RequestHandlerTest, StoppingRefusesAndAbandons) {
  const auto running = complete("");
  handler_->refuse_new();
  EXPECT_EQ(complete("")->response.status, 503);
  EXPECT_EQ(send("GET", "/health")->response.status, 503);
  EXPECT_TRUE(generator_.cancelled.empty());
  handler_->abandon_all();
  EXPECT_EQ(generator_.cancelled, std::vector<RequestId>{1});
  handler_->abandon_all();
  EXPECT_EQ(generator_.cancelled.size(), 1u);  // nothing is running any more
}

TEST_F(RequestHandlerTest, RefusalsSayWhenToComeBack) {
  generator_.accepted_max = 0;
  EXPECT_EQ(complete("")->header("Retry-After"), "1");
  generator_.retry_after_s = 17;
  const auto full = complete("");
  EXPECT_EQ(full->response.status, 429);
  EXPECT_EQ(full->header("Retry-After"), "17");
  EXPECT_EQ(error_of(*full).find("code")->as_string(), "queue_full");
  generator_.status_after = SubmitStatus::stopping;
  const auto stopping = complete("");
  EXPECT_EQ(stopping->response.status, 503);
  EXPECT_EQ(stopping->header("Retry-After"), "17");
  EXPECT_EQ(error_of(*stopping).find("code")->as_string(), "stopping");
}

TEST_F(RequestHandlerTest, TheKeyNamesTheClient) {
  send("POST", "/v1/completions", R"({"prompt":"ab"})", {{"authorization", "Bearer k"}});
  complete(R"(,"user":"ann")");
  EXPECT_TRUE(generator_.requests.at(0).client.starts_with("key:"));
  EXPECT_EQ(generator_.requests.at(1).client, "user:ann");
}

TEST_F(RequestHandlerTest, CountsAnswersAndHowTheyEnded) {
  send("GET", "/nothing");
  const auto whole = complete("");
  const auto left = complete(R"(,"n":2)");
  const auto failed = complete("");
  EXPECT_EQ(handler_->stats().models[0].generating, 3);
  generator_.play(0, events_of({258, 259}, FinishReason::length));
  whole->run_posts();
  left->close();
  Event event;
  event.finish = FinishReason::timeout;
  generator_.play(3, {std::move(event)});
  failed->run_posts();
  const api::ServerStats stats = handler_->stats();
  EXPECT_EQ(stats.responses, (std::map<int, uint64_t>{{200, 1}, {404, 1}, {499, 1}, {504, 1}}));
  EXPECT_EQ(stats.models[0].choices.length, 1u);
  EXPECT_EQ(stats.models[0].choices.aborted, 2u);
  EXPECT_EQ(stats.models[0].choices.failed, 1u);
  EXPECT_EQ(stats.models[0].generating, 0);
  EXPECT_EQ(send("GET", "/metrics")->header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace
}  // namespace estoc
