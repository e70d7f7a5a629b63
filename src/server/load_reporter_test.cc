#include "server/load_reporter.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

constexpr double kBounds[] = {0.1, 0.2, 0.4};

EngineStats idle() {
  EngineStats stats;
  stats.ttft_s = stats.inter_token_s = stats.step_s = Histogram(kBounds);
  stats.kv_blocks = 200;
  return stats;
}

TEST(LoadReporter, SaysNothingWhileNothingHappens) { EXPECT_EQ(describe_load(idle(), idle(), 5), ""); }

TEST(LoadReporter, TellsWhatHappenedInBetween) {
  EngineStats before = idle();
  before.steps = 10;
  before.prompt_tokens = 1000;
  EngineStats now = before;
  now.steps = 20;
  now.running = 3;
  now.waiting = 2;
  now.queue_work_s = 1.25;
  now.prompt_tokens = 3000;
  now.output_tokens = 500;
  now.kv_blocks_used = 50;
  now.prefix_tokens = 2000;
  now.prefix_tokens_cached = 500;
  now.ttft_s.add(0.15, 10);
  now.requests_refused = 4;
  now.requests_cancelled = 2;
  EXPECT_EQ(
      describe_load(before, now, 5),
      "3 running, 2 waiting (1.2 s of work); prompts 400 and output 100 tokens/s; cache 25 % in use, 25 % of prompts "
      "found; first token p50 150 p99 199 ms; 4 refused; 2 cancelled");
}

TEST(LoadReporter, OneOfEachIsEnoughAndWhatWasBeforeDoesNotCount) {
  EngineStats before = idle();
  before.steps = 10;
  before.prefix_tokens = 1000;
  before.prefix_tokens_cached = 1000;
  before.preemptions = before.requests_refused = before.requests_cancelled = before.requests_timed_out = 7;
  before.ttft_s.add(0.35, 100);
  before.inter_token_s.add(0.35, 100);
  before.step_s.add(0.35, 100);
  EngineStats now = before;
  ++now.steps;
  now.kv_blocks = 0;  // a share of nothing
  now.prefix_tokens += 40;
  now.prefix_tokens_cached += 10;
  now.ttft_s.add(0.15);
  now.inter_token_s.add(0.15);
  now.step_s.add(0.15);
  ++now.preemptions;
  ++now.requests_timed_out;
  EXPECT_EQ(describe_load(before, now, 5),
            "0 running, 0 waiting (0.0 s of work); prompts 0 and output 0 tokens/s; cache 0 % in use, 25 % of prompts "
            "found; first token p50 150 p99 199 ms; gap p50 150 p99 199 ms; step p50 150 p99 199 ms; 1 preempted; "
            "1 timed out");
}

TEST(LoadReporter, OfEncodersWhatTheyHave) {
  EngineStats before = idle();
  before.e2e_s = Histogram(kBounds);
  EngineStats now = before;
  EXPECT_EQ(describe_text_load(before, now, 5), "");
  now.steps = 4;
  now.running = 2;
  now.prompt_tokens = 2500;
  now.step_s.add(0.15);
  now.e2e_s.add(0.15);
  now.requests_refused = 3;
  EXPECT_EQ(describe_text_load(before, now, 5),
            "2 running, 0 waiting (0.0 s of work); 500 tokens/s; batch p50 150 p99 199 ms; request p50 150 p99 199 ms; "
            "3 refused");
}

TEST(LoadReporter, OfSeveralModelsThoseAtWorkAreNamed) {
  api::ServedModel one;
  one.name = "one";
  const auto lines_of = [](std::vector<api::ServedModel> models, size_t at_work) {
    const std::vector<EngineStats> before(models.size(), idle());
    std::vector<EngineStats> now = before;
    now[at_work].steps = 1;
    return describe_loads(api::Models(std::move(models)), before, now, 5);
  };
  const auto alone = lines_of({one}, 0);
  ASSERT_EQ(alone.size(), 1u);
  EXPECT_TRUE(alone[0].starts_with("0 running")) << alone[0];
  api::ServedModel two = one;
  two.name = "two";
  const auto both = lines_of({one, two}, 1);
  ASSERT_EQ(both.size(), 1u);
  EXPECT_EQ(both[0], "two: " + alone[0]);
}

TEST(LoadReporter, RefusalsAloneAreWorthALine) {
  EngineStats now = idle();
  now.requests_refused = 1;
  EXPECT_NE(describe_load(idle(), now, 5).find("1 refused"), std::string::npos);
}

}  // namespace
}  // namespace estoc
