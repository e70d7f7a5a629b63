#include "api/endpoints.h"

#include <gtest/gtest.h>

#include "api/errors.h"
#include "api/fake_model.h"
#include "base/json.h"

namespace estoc::api {
namespace {

TEST(EndpointsTest, FindsRoutes) {
  EXPECT_EQ(find_route("POST", "/v1/chat/completions").endpoint->handler, chat_completions);
  EXPECT_EQ(find_route("POST", "/v1/completions").endpoint->handler, completions);
  EXPECT_EQ(find_route("GET", "/v1/models").endpoint->handler, list_models);
  EXPECT_EQ(find_route("GET", "/v1/models/").endpoint->handler, list_models);
  EXPECT_EQ(find_route("GET", "/health").endpoint->handler, ready);
  EXPECT_EQ(find_route("GET", "/readyz").endpoint->handler, ready);
  EXPECT_EQ(find_route("GET", "/livez").endpoint->handler, live);
  EXPECT_EQ(find_route("GET", "/metrics").endpoint->handler, metrics);
  EXPECT_EQ(find_route("GET", "/v1/models/org/tiny").argument, "org/tiny");
  EXPECT_EQ(find_route("GET", "/v1/models/org%2Ftiny%zz%4").argument, "org/tiny%zz%4");
}

TEST(EndpointsTest, TellsUnknownPathsFromWrongMethods) {
  const Route unknown = find_route("GET", "/v1/nothing");
  EXPECT_EQ(unknown.endpoint, nullptr);
  EXPECT_EQ(unknown.allowed, "");
  const Route wrong = find_route("GET", "/v1/completions");
  EXPECT_EQ(wrong.endpoint, nullptr);
  EXPECT_EQ(wrong.allowed, "POST");
  EXPECT_EQ(find_route("GET", "").endpoint, nullptr);
}

TEST(EndpointsTest, ListsTheModel) {
  FakeModel model;
  model.served.info.context_max = 2048;
  model.served.info.parameter_count = 135000000;
  const std::string card =
      R"({"id":"org/tiny","object":"model","created":1700000000,"owned_by":"estoc","root":"org/tiny","parent":null,)"
      R"("max_model_len":100,"architecture":"TinyForCausalLM",)"
      R"("meta":{"n_vocab":261,"n_ctx_train":2048,"n_embd":0,"n_params":135000000,"size":0}})";
  EXPECT_EQ(std::get<Reply>(list_models(model.served, call_with(""))).body,
            R"({"object":"list","data":[)" + card + "]}");
  Call call = call_with("");
  call.argument = "org/tiny";
  EXPECT_EQ(std::get<Reply>(show_model(model.served, call)).body, card);
  call.argument = "other";
  try {
    show_model(model.served, call);
    FAIL() << "accepted";
  } catch (const ApiError& error) {
    const Reply reply = error_reply(error);
    EXPECT_EQ(reply.status, 404);
    EXPECT_EQ(reply.body, R"({"error":{"message":"model \"other\" is not served here; the model is \"org/tiny\"",)"
                          R"("type":"invalid_request_error","param":"model","code":"model_not_found"}})");
  }
}

TEST(EndpointsTest, ReadinessEndsWhenStoppingAndLivenessDoesNot) {
  FakeModel model;
  Call call = call_with("");
  EXPECT_EQ(std::get<Reply>(ready(model.served, call)).body, R"({"status":"ok"})");
  call.is_stopping = true;
  EXPECT_EQ(std::get<Reply>(ready(model.served, call)).status, 503);
  EXPECT_EQ(std::get<Reply>(live(model.served, call)).status, 200);
}

TEST(ErrorsTest, EveryCodeHasItsStatusAndType) {
  const auto check = [](ErrorCode code, int status, const char* type) {
    const Reply reply = error_reply(Error(code, "m"));
    EXPECT_EQ(reply.status, status);
    EXPECT_EQ(parse_json(reply.body).find("error")->find("type")->as_string(), type);
  };
  check(ErrorCode::invalid_argument, 400, "invalid_request_error");
  check(ErrorCode::unsupported, 400, "invalid_request_error");
  check(ErrorCode::not_found, 404, "invalid_request_error");
  check(ErrorCode::resource_exhausted, 503, "service_unavailable_error");
  check(ErrorCode::cancelled, 503, "service_unavailable_error");
  check(ErrorCode::corrupt_file, 500, "server_error");
  check(ErrorCode::io, 500, "server_error");
  check(ErrorCode::internal, 500, "server_error");
  EXPECT_EQ(error_reply(429, "full").headers.at(0), (std::pair<std::string, std::string>("Retry-After", "1")));
}

}  // namespace
}  // namespace estoc::api
