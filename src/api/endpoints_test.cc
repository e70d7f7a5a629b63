#include "api/endpoints.h"

#include <gtest/gtest.h>

#include "api/errors.h"
#include "api/test_fake_model.h"
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
      R"("max_model_len":100,"architecture":"TinyForCausalLM","task":"generate",)"
      R"("meta":{"n_vocab":261,"n_ctx_train":2048,"n_embd":0,"n_params":135000000,"size":0}})";
  EXPECT_EQ(std::get<Reply>(list_models(model.models(), call_with(""))).body,
            R"({"object":"list","data":[)" + card + "]}");
  Call call = call_with("");
  call.argument = "org/tiny";
  EXPECT_EQ(std::get<Reply>(show_model(model.models(), call)).body, card);
  call.argument = "other";
  try {
    show_model(model.models(), call);
    FAIL() << "accepted";
  } catch (const ApiError& error) {
    const Reply reply = error_reply(error);
    EXPECT_EQ(reply.status, 404);
    EXPECT_EQ(reply.body, R"({"error":{"message":"model \"other\" is not served here; the model is \"org/tiny\"",)"
                          R"("type":"invalid_request_error","param":"model","code":"model_not_found"}})");
  }
}

TEST(EndpointsTest, ListsEveryModel) {
  FakeModel model;
  ServedModel second = model.served;
  second.name = "org/second";
  second.created = 5;
  const Models models({model.served, second});
  EXPECT_EQ(&models.default_model(), &models.list()[0]);
  EXPECT_EQ(models.find("org/second"), &models.list()[1]);
  EXPECT_EQ(models.find("org"), nullptr);
  const Json list = parse_json(std::get<Reply>(list_models(models, call_with(""))).body);
  const Json::Array& cards = list.find("data")->as_array();
  ASSERT_EQ(cards.size(), 2u);
  EXPECT_EQ(cards[0].find("id")->as_string(), "org/tiny");
  EXPECT_EQ(cards[1].find("id")->as_string(), "org/second");
  EXPECT_EQ(cards[1].find("created")->as_int(), 5);
  Call call = call_with("");
  call.argument = "org/second";
  EXPECT_EQ(parse_json(std::get<Reply>(show_model(models, call)).body).find("id")->as_string(), "org/second");
}

TEST(EndpointsTest, ARequestPicksItsModel) {
  FakeModel model;
  ServedModel small = model.served;
  small.name = "org/small";
  small.context = 8;
  small.text_bytes_max = 10;
  const Models models({model.served, small});
  const auto picked = [&](const std::string& fields) {
    const Answer answer = completions(models, call_with(R"({"prompt":"abc")" + fields + "}"));
    return std::get<std::unique_ptr<Generation>>(answer)->model().name;
  };
  EXPECT_EQ(picked(""), "org/tiny");
  EXPECT_EQ(picked(R"(,"model":null)"), "org/tiny");
  EXPECT_EQ(picked(R"(,"model":"org/tiny")"), "org/tiny");
  EXPECT_EQ(picked(R"(,"model":"org/small")"), "org/small");
  const auto refused = [&](const std::string& body) {
    try {
      completions(models, call_with(body));
    } catch (const Error& error) {
      return error_reply(error);
    }
    return Reply();
  };
  const Reply unknown = refused(R"({"prompt":"abc","model":"other"})");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.body, R"({"error":{"message":"model \"other\" is not served here; the models are \"org/tiny\", )"
                          R"(\"org/small\"","type":"invalid_request_error","param":"model",)"
                          R"("code":"model_not_found"}})");
  // Each model has limits of its own.
  EXPECT_EQ(refused(R"({"prompt":"abcdefghi"})").status, 200);
  EXPECT_EQ(refused(R"({"prompt":"abcdefghi","model":"org/small"})").status, 400);
  EXPECT_EQ(refused(R"({"prompt":"abcdefghijkl","model":"org/small"})").status, 400);
}

TEST(EndpointsTest, ReadinessEndsWhenStoppingAndLivenessDoesNot) {
  FakeModel model;
  Call call = call_with("");
  EXPECT_EQ(std::get<Reply>(ready(model.models(), call)).body,
            R"({"status":"ok","models":[{"name":"org/tiny","weights":"as-stored"}]})");
  call.is_stopping = true;
  EXPECT_EQ(std::get<Reply>(ready(model.models(), call)).status, 503);
  EXPECT_EQ(std::get<Reply>(live(model.models(), call)).status, 200);
}

TEST(EndpointsTest, HealthSaysWhatWeightsWereRoundedTo) {
  ServedModel rounded;
  rounded.name = "rounded";
  rounded.weights = {"int8", 0.25};
  std::vector<ServedModel> list;
  list.push_back(std::move(rounded));
  EXPECT_EQ(std::get<Reply>(ready(Models(std::move(list)), call_with(""))).body,
            R"({"status":"ok","models":[{"name":"rounded","weights":"int8","divergence":0.25}]})");
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
