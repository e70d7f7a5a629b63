#include <gtest/gtest.h>

#include <array>

#include "api/endpoints.h"
#include "api/test_fake_model.h"

namespace estoc::api {
namespace {

constexpr std::array<double, 2> kBounds = {0.5, 1};

std::string metrics_of(const ServerStats& stats, const std::vector<std::string>& names = {"org/tiny"}) {
  FakeModel model;
  std::vector<ServedModel> list;
  for (const std::string& name : names) {
    list.push_back(model.served);
    list.back().name = name;
  }
  Call call = call_with("");
  call.stats = [&] { return stats; };
  return std::get<Reply>(metrics(Models(list), call)).body;
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(MetricsTest, CountersAndGaugesUnderBothNames) {
  ServerStats stats{.models = {{}}};
  stats.models[0].engine.running = 3;
  stats.models[0].engine.kv_blocks = 8;
  stats.models[0].engine.kv_blocks_used = 2;
  stats.models[0].engine.prefix_tokens_cached = 70000;
  stats.models[0].engine.swap_blocks_used = 5;
  stats.models[0].engine.swap_blocks_out = 12;
  stats.connections = 5;
  stats.responses = {{200, 7}, {429, 1}};
  stats.models[0].choices.length = 4;
  const std::string text = metrics_of(stats);
  EXPECT_TRUE(has_line(text, R"(estoc_requests_running{model_name="org/tiny"} 3)"));
  EXPECT_TRUE(has_line(text, R"(vllm:num_requests_running{model_name="org/tiny",engine="0"} 3)"));
  EXPECT_TRUE(has_line(text, R"(vllm:kv_cache_usage_perc{model_name="org/tiny",engine="0"} 0.25)"));
  EXPECT_TRUE(has_line(text, R"(vllm:prefix_cache_hits_total{model_name="org/tiny",engine="0"} 70000)"));
  EXPECT_TRUE(has_line(text, R"(estoc_swap_blocks_used{model_name="org/tiny"} 5)"));
  EXPECT_TRUE(has_line(text, R"(estoc_swap_blocks_out_total{model_name="org/tiny"} 12)"));
  EXPECT_TRUE(has_line(text, "estoc_http_connections 5"));
  EXPECT_TRUE(has_line(text, R"(estoc_http_responses_total{code="429"} 1)"));
  EXPECT_TRUE(
      has_line(text, R"(vllm:request_success_total{model_name="org/tiny",engine="0",finished_reason="length"} 4)"));
  EXPECT_TRUE(has_line(text, "# TYPE estoc_preemptions_total counter"));
}

TEST(MetricsTest, WhatStepsSpendTheirTimeOnAndWhereMemoryIs) {
  ServerStats stats{.models = {{}}};
  stats.models[0].engine.plan_s = 0.25;
  stats.models[0].engine.deliver_s = 1.5;
  FakeModel model;
  model.served.memory = {{.place = "cuda:1", .weights = 5000, .kv = 7}};
  Call call = call_with("");
  call.stats = [&] { return stats; };
  const std::string text = std::get<Reply>(metrics(model.models(), call)).body;
  EXPECT_NE(text.find("estoc_step_part_seconds_total{model_name=\"org/tiny\",part=\"plan\"} 0.25\n"), text.npos);
  EXPECT_NE(text.find("estoc_step_part_seconds_total{model_name=\"org/tiny\",part=\"deliver\"} 1.5\n"), text.npos);
  EXPECT_NE(text.find("estoc_memory_bytes{model_name=\"org/tiny\",place=\"cuda:1\",kind=\"weights\"} 5000\n"),
            text.npos);
  EXPECT_NE(text.find("estoc_memory_bytes{model_name=\"org/tiny\",place=\"cuda:1\",kind=\"kv\"} 7\n"), text.npos);
}

TEST(MetricsTest, WhatAnswersKeepTo) {
  ServerStats stats{.models = {{}}};
  stats.models[0].engine.forced_tokens = 7;
  stats.models[0].engine.mask_s = 0.5;
  FakeModel model;
  model.constraints.get(grammar::regex_source("a+"));
  Call call = call_with("");
  call.stats = [&] { return stats; };
  const std::string text = std::get<Reply>(metrics(model.models(), call)).body;
  EXPECT_TRUE(has_line(text, R"(estoc_forced_tokens_total{model_name="org/tiny"} 7)"));
  EXPECT_TRUE(has_line(text, R"(estoc_constraint_mask_seconds_total{model_name="org/tiny"} 0.5)"));
  EXPECT_TRUE(has_line(text, R"(estoc_constraints_compiled_total{model_name="org/tiny"} 1)"));
}

TEST(MetricsTest, HistogramsAreCumulative) {
  ServerStats stats{.models = {{}}};
  stats.models[0].engine.ttft_s = Histogram(kBounds);
  for (const double value : {0.25, 0.5, 0.75, 4.0}) stats.models[0].engine.ttft_s.add(value);
  const std::string text = metrics_of(stats);
  EXPECT_NE(text.find("# TYPE estoc_ttft_seconds histogram\n"
                      "estoc_ttft_seconds_bucket{model_name=\"org/tiny\",le=\"0.5\"} 2\n"
                      "estoc_ttft_seconds_bucket{model_name=\"org/tiny\",le=\"1\"} 3\n"
                      "estoc_ttft_seconds_bucket{model_name=\"org/tiny\",le=\"+Inf\"} 4\n"
                      "estoc_ttft_seconds_sum{model_name=\"org/tiny\"} 5.5\n"
                      "estoc_ttft_seconds_count{model_name=\"org/tiny\"} 4\n"),
            std::string::npos)
      << text;
  EXPECT_TRUE(has_line(text, R"(estoc_step_rows_bucket{model_name="org/tiny",le="+Inf"} 0)"));
}

TEST(MetricsTest, AFamilyHasASampleOfEachModel) {
  ServerStats stats{.models = {{}, {}}, .connections = 5};
  stats.models[0].engine.steps = 7;
  stats.models[1].engine.steps = 9;
  stats.models[1].engine.ttft_s = Histogram(kBounds);
  stats.models[1].engine.ttft_s.add(0.75);
  stats.models[1].choices.stop = 2;
  stats.models[1].generating = 3;
  const std::string text = metrics_of(stats, {"a", "b"});
  EXPECT_NE(text.find("# TYPE estoc_steps_total counter\n"
                      "estoc_steps_total{model_name=\"a\"} 7\n"
                      "estoc_steps_total{model_name=\"b\"} 9\n"
                      "# HELP"),
            std::string::npos)
      << text;
  EXPECT_TRUE(has_line(text, R"(estoc_ttft_seconds_bucket{model_name="a",le="+Inf"} 0)"));
  EXPECT_TRUE(has_line(text, R"(estoc_ttft_seconds_bucket{model_name="b",le="1"} 1)"));
  EXPECT_TRUE(has_line(text, R"(estoc_http_generating{model_name="b"} 3)"));
  EXPECT_TRUE(has_line(text, R"(vllm:request_success_total{model_name="b",engine="0",finished_reason="stop"} 2)"));
  EXPECT_TRUE(has_line(text, R"(vllm:request_success_total{model_name="a",engine="0",finished_reason="stop"} 0)"));
  EXPECT_TRUE(has_line(text, "estoc_http_connections 5"));
}

TEST(MetricsTest, EncodersHaveTheFamiliesThatTheyAreCountedIn) {
  ServerStats stats{.models = {{}, {}}};
  stats.models[1].engine.requests_done = 4;
  stats.models[1].texts = TextStats{.computed = 70, .waiting_tokens = 9, .batch_texts = Histogram(kBounds)};
  stats.models[1].texts->batch_texts.add(1);
  const std::string text = metrics_of(stats, {"a", "b"});
  EXPECT_TRUE(has_line(text, R"(estoc_requests_done_total{model_name="b"} 4)"));
  EXPECT_TRUE(has_line(text, R"(vllm:prompt_tokens_total{model_name="b",engine="0"} 0)"));
  EXPECT_TRUE(has_line(text, R"(estoc_texts_total{model_name="b"} 70)"));
  EXPECT_TRUE(has_line(text, R"(estoc_texts_waiting_tokens{model_name="b"} 9)"));
  EXPECT_TRUE(has_line(text, R"(estoc_batch_texts_count{model_name="b"} 1)"));
  EXPECT_EQ(text.find(R"(estoc_texts_total{model_name="a")"), text.npos);
  EXPECT_TRUE(has_line(text, R"(estoc_kv_blocks{model_name="a"} 0)"));
  EXPECT_EQ(text.find(R"(estoc_kv_blocks{model_name="b")"), text.npos);
  EXPECT_EQ(metrics_of({.models = {{}}}).find("estoc_texts"), std::string::npos);
}

TEST(MetricsTest, LabelValuesAreEscaped) {
  EXPECT_TRUE(
      has_line(metrics_of({.models = {{}}}, {"a\"b\\c\nd"}), R"(estoc_steps_total{model_name="a\"b\\c\nd"} 0)"));
}

}  // namespace
}  // namespace estoc::api
