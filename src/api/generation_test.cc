// What a generation makes of timeouts and times; its text is tested with the endpoints.
#include "api/generation.h"

#include <gtest/gtest.h>

#include "api/endpoints.h"
#include "api/test_fake_model.h"
#include "base/json.h"

namespace estoc::api {
namespace {

class GenerationTest : public testing::Test {
 protected:
  std::unique_ptr<Generation> make(const std::string& fields) {
    const std::string body = R"({"prompt":"abcde")" + fields + "}";
    return std::get<std::unique_ptr<Generation>>(completions(model_.models(), call_with(body)));
  }
  static Event timeout(int retry_after_s) {
    Event event;
    event.finish = FinishReason::timeout;
    event.error = "too late";
    event.retry_after_s = retry_after_s;
    return event;
  }
  static std::vector<Event> timed_events(double decode_s) {
    std::vector<Event> events = events_of(bytes_of("xyz"), FinishReason::length);  // prompt 5, of it cached 2
    events.back().times = {.queue_s = 0.25, .prefill_s = 0.5, .decode_s = decode_s, .gap_max_s = 1.5, .preemptions = 1};
    return events;
  }
  FakeModel model_;
};

TEST_F(GenerationTest, ARequestThatNeverStartedMayComeAgain) {
  const auto generation = make("");
  std::string out;
  EXPECT_FALSE(generation->consume(0, timeout(7), out));
  ASSERT_TRUE(generation->failure());
  EXPECT_EQ(generation->failure()->status, 503);
  EXPECT_EQ(generation->failure()->headers.at(0), (std::pair<std::string, std::string>("Retry-After", "7")));
  EXPECT_NE(generation->failure()->body.find(R"("code":"queue_timeout")"), std::string::npos);
  EXPECT_EQ(generation->counts().failed, 1u);
}

TEST_F(GenerationTest, ARequestsOwnDeadlineIsAGatewayTimeout) {
  const auto generation = make("");
  std::string out;
  generation->consume(0, timeout(0), out);
  EXPECT_EQ(generation->failure()->status, 504);
  EXPECT_EQ(generation->failure()->body,
            R"({"error":{"message":"too late","type":"server_error","param":null,"code":"timeout"}})");
  EXPECT_TRUE(generation->failure()->headers.empty());
}

TEST_F(GenerationTest, TimingsOnlyWhenAskedFor) {
  std::string out;
  const auto plain = make("");
  feed(*plain, 0, timed_events(2), out);
  EXPECT_EQ(plain->reply().body.find("timings"), std::string::npos);
  const auto asked = make(R"(,"timings":true)");
  feed(*asked, 0, timed_events(2), out);
  const Json reply = parse_json(asked->reply().body);
  EXPECT_EQ(to_json(*reply.find("timings")),
            R"({"queue_ms":250,"cache_n":2,"prompt_n":3,"prompt_ms":500,"prompt_per_second":6,"predicted_n":3,)"
            R"("predicted_ms":2000,"predicted_per_token_ms":1000,"predicted_per_second":1,"gap_max_ms":1500,)"
            R"("preemptions":1})");
}

TEST_F(GenerationTest, TimingsOfSeveralChoicesAreTheSlowests) {
  std::string out;
  const auto generation = make(R"(,"timings":true,"n":2)");
  feed(*generation, 0, timed_events(4), out);
  feed(*generation, 1, timed_events(2), out);
  const Json reply = parse_json(generation->reply().body);
  const Json& timings = *reply.find("timings");
  EXPECT_EQ(timings.find("prompt_n")->as_int(), 3);
  EXPECT_EQ(timings.find("predicted_n")->as_int(), 6);
  EXPECT_EQ(timings.find("predicted_ms")->as_double(), 4000);
  EXPECT_EQ(timings.find("predicted_per_second")->as_double(), 1);  // four gaps in four seconds
  EXPECT_EQ(timings.find("preemptions")->as_int(), 2);
}

TEST_F(GenerationTest, AStreamHasTimingsInItsLastChunkOnly) {
  for (const char* usage : {"", R"(,"stream_options":{"include_usage":true})"}) {
    std::string out;
    const auto generation = make(std::string(R"(,"timings":true,"stream":true)") + usage);
    feed(*generation, 0, timed_events(2), out);
    const size_t at = out.find("\"timings\":{");
    ASSERT_NE(at, std::string::npos);
    EXPECT_EQ(out.find("\"timings\"", at + 1), std::string::npos);
    EXPECT_EQ(out.substr(out.find("\n\n", at)), "\n\ndata: [DONE]\n\n");
  }
}

TEST_F(GenerationTest, ATextWithoutGapsHasNoRate) {
  std::string out;
  const auto generation = make(R"(,"timings":true)");
  feed(*generation, 0, events_of({'x'}, FinishReason::length), out);
  const Json reply = parse_json(generation->reply().body);
  EXPECT_EQ(reply.find("timings")->find("predicted_per_second")->as_double(), 0);
  EXPECT_EQ(generation->counts().length, 1u);
}

}  // namespace
}  // namespace estoc::api
