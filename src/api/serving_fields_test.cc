// The fields that say how a request stands among others, on both endpoints.
#include <gtest/gtest.h>

#include "api/endpoints.h"
#include "api/test_fake_model.h"
#include "base/error.h"

namespace estoc::api {
namespace {

constexpr std::string_view kChat = R"({"messages":[{"role":"user","content":"Hi"}])";
constexpr std::string_view kText = R"({"prompt":"ab")";

Request request_of(EndpointHandler endpoint, std::string_view start, const std::string& fields,
                   std::string_view authorization = {}, int priority_min = -limits::kPriorityMax) {
  FakeModel model;
  const std::string body = std::string(start) + fields + "}";
  Call call = call_with(body);
  call.authorization = authorization;
  call.priority_min = priority_min;
  return std::get<std::unique_ptr<Generation>>(endpoint(model.models(), call))->take_requests().at(0);
}

TEST(ServingFieldsTest, ReachTheEngine) {
  for (const auto& [endpoint, start] : {std::pair(&chat_completions, kChat), std::pair(&completions, kText)}) {
    const Request plain = request_of(endpoint, start, "");
    EXPECT_EQ(plain.priority, 0);
    EXPECT_EQ(plain.client, "");
    EXPECT_EQ(plain.cache_salt, "");
    EXPECT_EQ(plain.timeout.count(), 0);
    const Request full =
        request_of(endpoint, start, R"(,"priority":-3,"user":"ann","cache_salt":"tenant","timeout":1.5)");
    EXPECT_EQ(full.priority, -3);
    EXPECT_EQ(full.client, "user:ann");
    EXPECT_EQ(full.cache_salt, "/tenant");
    EXPECT_EQ(full.timeout.count(), 1500);
    EXPECT_EQ(request_of(endpoint, start, R"(,"timeout":0.0001)").timeout.count(), 1);
    const Request keyed = request_of(endpoint, start, R"(,"user":"ann")", "Bearer k");
    EXPECT_TRUE(keyed.client.starts_with("key:"));
    EXPECT_EQ(keyed.cache_salt, keyed.client + "/");
  }
}

TEST(ServingFieldsTest, NobodyIsMoreUrgentThanTheServerAllows) {
  EXPECT_EQ(request_of(completions, kText, R"(,"priority":3)", {}, 0).priority, 3);
  EXPECT_EQ(request_of(completions, kText, R"(,"priority":-1)", {}, 0).priority, 0);
  EXPECT_EQ(request_of(completions, kText, R"(,"priority":-5)", {}, -5).priority, -5);
  EXPECT_EQ(request_of(completions, kText, R"(,"priority":-6)", {}, -5).priority, -5);
  EXPECT_EQ(request_of(completions, kText, "", {}, 5).priority, 5);  // who asks for nothing is no better off
}

TEST(ServingFieldsTest, MinusOneTokenIsNoLimitButTheContext) {
  EXPECT_EQ(request_of(completions, kText, R"(,"max_tokens":-1)").tokens_max, 98);
  EXPECT_EQ(request_of(completions, kText, R"(,"max_tokens":0)").tokens_max, 0);
  const int room = request_of(chat_completions, kChat, "").tokens_max;
  EXPECT_EQ(request_of(chat_completions, kChat, R"(,"max_tokens":-1)").tokens_max, room);
  EXPECT_EQ(request_of(chat_completions, kChat, R"(,"max_tokens":5,"max_completion_tokens":-1)").tokens_max, room);
  for (const auto& [endpoint, start, fields] : {std::tuple(&completions, kText, R"(,"max_tokens":-2)"),
                                                {&chat_completions, kChat, R"(,"max_tokens":-2)"},
                                                {&chat_completions, kChat, R"(,"max_completion_tokens":0)"}}) {
    EXPECT_THROW(request_of(endpoint, start, fields), Error) << fields;
  }
}

TEST(ServingFieldsTest, AreCheckedWithTheirNames) {
  for (const auto& [fields, param] : {std::pair<std::string, std::string>{R"(,"priority":101)", "priority"},
                                      {R"(,"priority":-101)", "priority"},
                                      {R"(,"priority":0.5)", "priority"},
                                      {R"(,"user":5)", "user"},
                                      {R"(,"user":")" + std::string(513, 'x') + '"', "user"},
                                      {R"(,"cache_salt":")" + std::string(129, 'x') + '"', "cache_salt"},
                                      {R"(,"timeout":0)", "timeout"},
                                      {R"(,"timeout":-1)", "timeout"},
                                      {R"(,"timeout":"soon")", "timeout"},
                                      {R"(,"timings":1)", "timings"}}) {
    try {
      request_of(completions, kText, fields);
      ADD_FAILURE() << "accepted " << fields;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      EXPECT_EQ(error.param(), param);
    }
  }
}

}  // namespace
}  // namespace estoc::api
