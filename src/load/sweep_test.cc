// Sweeps over servers and loads.
#include "load/sweep.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "load/test_server.h"

namespace estoc {
namespace {

void serve(const http::Request& request, http::Responder& responder) {
  if (request.method == "GET") return responder.respond({200, {}, R"({"data":[{"id":"tiny"}]})"});
  stream_tokens(responder, 2, std::chrono::milliseconds(1));
}

SweepWatch silent() {
  return {.progress = [](const std::string&) {},
          .point_done = [](const LoadPoint&) {},
          .should_stop = [] { return false; }};
}

std::vector<std::string> prompts_of(const TestServer& server) {
  std::vector<std::string> prompts;
  for (const auto& request : server.requests()) {
    if (request->method == "GET") continue;
    const Json body = parse_json(request->body);
    EXPECT_EQ(body.find("model")->as_string(), "tiny");
    prompts.push_back(to_json(*body.find("messages")));
  }
  return prompts;
}

TEST(Sweep, alternates_servers_and_asks_them_the_same) {
  TestServer a(serve), b(serve);
  SweepPlan plan{.targets = {a.target(), b.target()},
                 .loads = {{.users = 1, .conversations_max = 3}, {.users = 2, .conversations_max = 3}},
                 .warmup = 1};
  plan.targets[0].name = "a";
  plan.targets[1].name = "b";
  std::vector<std::string> told;
  SweepWatch watch = silent();
  watch.point_done = [&](const LoadPoint& point) { told.push_back(point.server + " " + point.load); };
  const std::vector<LoadPoint> points = run_sweep(plan, watch);
  EXPECT_EQ(told, (std::vector<std::string>{"a 1 user", "b 1 user", "a 2 users", "b 2 users"}));
  ASSERT_EQ(points.size(), 4u);
  for (const LoadPoint& point : points) EXPECT_EQ(point.requests.size(), 3u) << "the warm-up is not counted";
  std::vector<std::string> asked_a = prompts_of(a), asked_b = prompts_of(b);
  ASSERT_EQ(asked_a.size(), 8u);
  // With two users the order on the wire is open.
  std::sort(asked_a.begin(), asked_a.end());
  std::sort(asked_b.begin(), asked_b.end());
  EXPECT_EQ(asked_a, asked_b);
  EXPECT_EQ(std::set<std::string>(asked_a.begin(), asked_a.end()).size(), 7u) << "only the warm-up is asked again";
}

TEST(Sweep, stops_when_told) {
  TestServer server(serve);
  bool should_stop = false;
  SweepWatch watch = silent();
  watch.progress = [&](const std::string&) { should_stop = true; };
  watch.should_stop = [&] { return should_stop; };
  const SweepPlan plan{.targets = {server.target()},
                       .loads = {{.rate = 20, .duration_s = 60}, {.rate = 20, .duration_s = 60}}};
  const std::vector<LoadPoint> points = run_sweep(plan, watch);
  ASSERT_EQ(points.size(), 1u);
  EXPECT_LT(points[0].duration_s, 20);
}

TEST(Sweep, tells_what_is_wrong_before_it_begins) {
  TestServer server(serve);
  SweepPlan plan{.targets = {server.target()}, .loads = {{.users = 1, .conversations_max = 1}}};
  plan.workload.name = "no such workload";
  EXPECT_THROW(run_sweep(plan, silent()), Error);
  plan.workload.name = "short";
  plan.loads.push_back({});
  EXPECT_THROW(run_sweep(plan, silent()), Error);
  EXPECT_TRUE(server.requests().empty());
}

}  // namespace
}  // namespace estoc
