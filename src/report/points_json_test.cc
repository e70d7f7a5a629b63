#include "report/points_json.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

TEST(PointJson, IsFlatAndTellsWhatIsUnknown) {
  PointSummary answered{};
  answered.server = "a";
  answered.ok = answered.sent = 40;
  answered.ttft_s.p99 = 0.4;
  answered.tbt_s.p99 = 0.1234;
  answered.gap_max_s.max = 0.2;
  answered.output_tokens = 2560;
  PointSummary unanswered{};
  unanswered.server = "a";
  unanswered.sent = 10;
  unanswered.refused = 4;
  unanswered.failed = 6;
  const Json known = point_json(answered);
  const Json unknown = point_json(unanswered);
  ASSERT_EQ(known.as_object().size(), unknown.as_object().size());
  for (size_t i = 0; i < known.as_object().size(); ++i) {
    EXPECT_EQ(known.as_object()[i].first, unknown.as_object()[i].first);
    EXPECT_FALSE(known.as_object()[i].second.is_array() || known.as_object()[i].second.is_object());
  }
  EXPECT_EQ(known.find("ttft_p99_s")->as_double(), 0.4);
  EXPECT_EQ(known.find("tbt_p99_s")->as_double(), 0.1234);
  EXPECT_EQ(known.find("gap_max_max_s")->as_double(), 0.2);
  EXPECT_EQ(known.find("output_tokens")->as_int(), 2560);
  EXPECT_TRUE(unknown.find("ttft_p50_s")->is_null());
  EXPECT_TRUE(unknown.find("e2e_max_s")->is_null());
  EXPECT_EQ(unknown.find("refused")->as_int(), 4);
  EXPECT_EQ(unknown.find("done_rps")->as_double(), 0);
}

TEST(RequestsJson, HasEveryRequest) {
  LoadPoint point{.server = "a", .load = "2 users", .offered_rps = 0, .users = 2, .duration_s = 3, .requests = {}};
  RequestRecord good{};
  good.category = "short";
  good.scheduled_s = 0.5;
  good.sent_s = 0.5000004;
  good.first_s = 0.75;
  good.end_s = 1;
  good.gaps_s = {0.125, 0.0625};
  good.status = 200;
  good.output_tokens = 3;
  RequestRecord bad{};
  bad.status = 429;
  bad.error = "queue \"full\"";
  point.requests = {good, bad};
  const Json json = parse_json(to_json(requests_json(point)));
  EXPECT_EQ(json.find("users")->as_int(), 2);
  const Json::Array& requests = json.find("requests")->as_array();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].find("sent_s")->as_double(), 0.5);
  EXPECT_EQ(requests[0].find("first_s")->as_double(), 0.75);
  EXPECT_TRUE(requests[0].find("error")->is_null());
  ASSERT_EQ(requests[0].find("gaps_s")->as_array().size(), 2u);
  EXPECT_EQ(requests[0].find("gaps_s")->as_array()[1].as_double(), 0.0625);
  EXPECT_TRUE(requests[1].find("first_s")->is_null());
  EXPECT_EQ(requests[1].find("error")->as_string(), "queue \"full\"");
  EXPECT_EQ(requests[1].find("status")->as_int(), 429);
}

}  // namespace
}  // namespace estoc
