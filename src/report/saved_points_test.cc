#include "report/saved_points.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "report/points_json.h"

namespace estoc {
namespace {

LoadPoint measured(std::string server, std::string load, double seconds) {
  RequestRecord answered{
      .category = "code", .turn = 1, .scheduled_s = 0.5, .sent_s = 0.75, .first_s = 1.25, .end_s = 2};
  answered.gaps_s = {0.25, 0.5};
  answered.status = 200;
  answered.prompt_tokens = 7;
  answered.cached_tokens = 5;
  answered.output_tokens = 3;
  RequestRecord refused{.category = "math", .end_s = 3};
  refused.status = 429;
  refused.error = "the queue is full";
  return {std::move(server), std::move(load), 0.5, 4, seconds, {answered, refused}};
}

std::string file_of(const std::vector<LoadPoint>& points) {
  std::vector<PointSummary> summaries;
  for (const LoadPoint& point : points) summaries.push_back(summarize(point, {}));
  return saved_text(measurement_json({"estoc", "bench", "serve"}, summaries, points));
}

std::string refusal_of(const std::string& text) {
  try {
    parse_saved_points(text, "run.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt_file);
    return error.what();
  }
  return "";
}

TEST(SavedPoints, AnyDamagedPageIsRefused) {
  constexpr size_t kPage = 4096;
  std::vector<LoadPoint> points(30, measured("a", "0.5 req/s", 10));
  const std::string good = file_of(points);
  ASSERT_GT(good.size(), 3 * kPage);
  ASSERT_EQ(refusal_of(good), "");
  for (size_t begin = 0; begin < good.size(); begin += kPage) {
    std::string zeros = good, noise = good;
    for (size_t i = begin; i < std::min(good.size(), begin + kPage); ++i) {
      zeros[i] = '\0';
      noise[i] = static_cast<char>(i * 2654435761u >> 13);
    }
    EXPECT_NE(refusal_of(zeros), "") << begin;
    EXPECT_NE(refusal_of(noise), "") << begin;
  }
  std::string other_number = good;
  other_number[good.find("0.75") + 2] = '8';  // JSON as good as before
  EXPECT_EQ(refusal_of(other_number), "run.json: does not match its checksum");
}

TEST(SavedPoints, come_back_as_they_were) {
  const std::vector<LoadPoint> points = parse_saved_points(file_of({measured("a", "0.5 req/s", 10)}), "run.json");
  ASSERT_EQ(points.size(), 1u);
  const LoadPoint& point = points[0];
  EXPECT_EQ(point.server + point.load, "a0.5 req/s");
  EXPECT_EQ(point.offered_rps, 0.5);
  EXPECT_EQ(point.users, 4);
  EXPECT_EQ(point.duration_s, 10);
  ASSERT_EQ(point.requests.size(), 2u);
  const RequestRecord& answered = point.requests[0];
  EXPECT_TRUE(answered.is_ok());
  EXPECT_EQ(answered.category, "code");
  EXPECT_EQ(answered.turn, 1);
  EXPECT_EQ(answered.scheduled_s, 0.5);
  EXPECT_EQ(answered.sent_s, 0.75);
  EXPECT_EQ(answered.first_s, 1.25);
  EXPECT_EQ(answered.end_s, 2);
  EXPECT_EQ(answered.gaps_s, (std::vector<double>{0.25, 0.5}));
  EXPECT_EQ(answered.prompt_tokens * 100 + answered.cached_tokens * 10 + answered.output_tokens, 753);
  EXPECT_EQ(point.requests[1].first_s, -1);
  EXPECT_EQ(point.requests[1].status, 429);
  EXPECT_EQ(point.requests[1].error, "the queue is full");
}

TEST(SavedPoints, come_back_from_a_bare_list) {
  const auto points =
      parse_saved_points(to_json(Json(Json::Array{requests_json(measured("a", "1 req/s", 10))})), "run.json");
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(points[0].load, "1 req/s");
  EXPECT_EQ(points[0].requests.size(), 2u);
}

TEST(SavedPoints, of_one_server_and_load_are_pooled) {
  const auto pool = pooled({measured("a", "1 req/s", 10), measured("b", "1 req/s", 20), measured("a", "2 req/s", 30),
                            measured("a", "1 req/s", 40)});
  ASSERT_EQ(pool.size(), 3u);
  EXPECT_EQ(pool[0].duration_s, 50);
  EXPECT_EQ(pool[0].requests.size(), 4u);
  EXPECT_EQ(pool[1].server, "b");
  EXPECT_EQ(pool[2].load, "2 req/s");
}

TEST(SavedPoints, a_broken_file_is_told_by_name_and_place) {
  EXPECT_EQ(refusal_of("{}"), "run.json.points: expected an array, got null");
  EXPECT_EQ(refusal_of("5"), "run.json: expected an object, got integer");
  EXPECT_NE(refusal_of("[5]").find("run.json[0]: expected an object"), std::string::npos);
  EXPECT_NE(refusal_of("[").find("run.json: "), std::string::npos);
  // Somebody's own file: without the checksum.
  const std::string saved = file_of({measured("a", "1 req/s", 10)});
  const std::string text = saved.substr(0, saved.rfind(",\"checksum\"")) + "}";
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string other = text;
    other.replace(other.find(from), from.size(), to);
    return refusal_of(other);
  };
  EXPECT_EQ(changed(R"("first_s":1.25)", R"("first_s":"no")"),
            "run.json.points[0].requests[0].first_s: expected a number, got string");
  EXPECT_EQ(changed(R"("turn":1)", R"("turn":-1)"),
            "run.json.points[0].requests[0].turn: expected a whole number from 0 to 1e9, got -1");
  EXPECT_EQ(changed(R"("gaps_s":[0.25)", R"("gap":[0.25)"),
            "run.json.points[0].requests[0].gaps_s: expected an array, got null");
}

}  // namespace
}  // namespace estoc
