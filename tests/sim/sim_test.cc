#include "sim/simulation.h"

namespace estoc {
namespace {

constexpr int kSteps = 100000;

TEST(Sim, StarvedPool) {
  Simulation simulation({.seed = 1, .config = config_of(200, 8, 16, 6)});
  simulation.run(kSteps);
  EXPECT_GT(simulation.stepper().stats().preemptions, 500u);
}

TEST(Sim, StarvedPoolWithSharedBeginningsAndDeadlines) {
  Simulation simulation({.seed = 2, .config = config_of(200, 8, 32, 14), .shared_beginnings = 4, .has_timeouts = true});
  simulation.run(kSteps);
  const EngineStats stats = simulation.stepper().stats();
  EXPECT_GT(stats.preemptions, 100u);
  EXPECT_GT(stats.prefix_tokens_cached, 1000u);
  EXPECT_GT(simulation.forks(), 1000u);
  EXPECT_GT(simulation.timed_out(), 10u);
}

TEST(Sim, TinyBatches) {
  Simulation simulation({.seed = 3, .config = config_of(100, 6, 3, 12), .shared_beginnings = 2});
  simulation.run(kSteps);
}

TEST(Sim, PlentyOfEverything) {
  Simulation simulation({.seed = 4, .config = config_of(120, 16, 64, 400), .shared_beginnings = 8});
  simulation.run(kSteps);
  const EngineStats stats = simulation.stepper().stats();
  EXPECT_EQ(stats.preemptions, 0u);
  EXPECT_GT(stats.prefix_tokens_cached, stats.prefix_tokens / 4);
}

TEST(Sim, OneBlockAndOneSequence) {
  Simulation simulation({.seed = 5, .config = config_of(100, 1, 1, 1)});
  simulation.run(kSteps / 10);
}

// Layers with a window beside layers without one, in little memory.
TEST(Sim, WindowsAndFullAttention) {
  EngineConfig config = config_of(900, 6, 24, 70, 2);
  Simulation simulation({.seed = 6, .config = config, .window = 40, .shared_beginnings = 3});
  simulation.run(kSteps);
  EXPECT_GT(simulation.stepper().stats().prefix_tokens_cached, 1000u);
}

// A layer whose state cannot be cut back: the prefix cache keeps copies of it.
TEST(Sim, FixedStatesInLittleMemory) {
  EngineConfig config = config_of(200, 8, 32, 14, 1, true);
  Simulation simulation(
      {.seed = 12, .config = config, .has_state = true, .shared_beginnings = 4, .has_timeouts = true});
  simulation.run(kSteps);
  const EngineStats stats = simulation.stepper().stats();
  EXPECT_GT(stats.preemptions, 100u);
  EXPECT_GT(stats.prefix_tokens_cached, 1000u);
}

TEST(Sim, FixedStatesBesideWindowsAndFullAttention) {
  EngineConfig config = config_of(900, 6, 24, 70, 2, true);
  Simulation simulation({.seed = 13, .config = config, .window = 40, .has_state = true, .shared_beginnings = 3});
  simulation.run(kSteps);
  EXPECT_GT(simulation.stepper().stats().prefix_tokens_cached, 1000u);
}

TEST(Sim, FixedStatesWithoutAPrefixCache) {
  EngineConfig config = config_of(200, 8, 32, 20, 1, true);
  config.has_prefix_cache = false;
  Simulation simulation({.seed = 14, .config = config, .has_state = true, .shared_beginnings = 3});
  simulation.run(kSteps / 4);
}

// Guesses, most of them right, change no answer; several tokens a step, and blocks that are cut off again.
TEST(Sim, GuessesInLittleMemory) {
  Simulation simulation(
      {.seed = 15, .config = config_of(200, 8, 40, 16), .shared_beginnings = 4, .has_timeouts = true, .drafts = 5});
  simulation.run(kSteps / 2);
  const EngineStats stats = simulation.stepper().stats();
  EXPECT_GT(stats.preemptions, 50u);
  EXPECT_GT(stats.prefix_tokens_cached, 1000u);
  EXPECT_GT(stats.draft_tokens, 10000u);
  EXPECT_GT(stats.draft_tokens_accepted, stats.draft_tokens / 3);
  EXPECT_LT(stats.draft_tokens_accepted, stats.draft_tokens * 4 / 5);
}

TEST(Sim, GuessesWithWindows) {
  Simulation simulation(
      {.seed = 16, .config = config_of(900, 6, 24, 70, 2), .window = 40, .shared_beginnings = 3, .drafts = 3});
  simulation.run(kSteps / 4);
  EXPECT_GT(simulation.stepper().stats().draft_tokens_accepted, 5000u);
}

TEST(Sim, NobodyGuessesBehindFixedStates) {
  Simulation simulation({.seed = 17, .config = config_of(200, 8, 32, 14, 1, true), .has_state = true, .drafts = 4});
  simulation.run(kSteps / 10);
  EXPECT_EQ(simulation.stepper().stats().draft_tokens, 0u);
}

// Answers that keep to constraints, several tokens of them forced at once, beside answers that do not.
TEST(Sim, ConstraintsInLittleMemory) {
  Simulation simulation({.seed = 27,
                         .config = config_of(200, 8, 40, 16),
                         .shared_beginnings = 4,
                         .has_timeouts = true,
                         .constrained = 60});
  simulation.run(kSteps / 2);
  const EngineStats stats = simulation.stepper().stats();
  EXPECT_GT(stats.preemptions, 50u);
  EXPECT_GT(simulation.forks(), 500u);
  EXPECT_GT(stats.forced_tokens, stats.output_tokens / 10);
}

TEST(Sim, ConstraintsInTinyBatches) {
  Simulation simulation({.seed = 28, .config = config_of(100, 6, 3, 12), .shared_beginnings = 2, .constrained = 70});
  simulation.run(kSteps / 4);
  EXPECT_GT(simulation.stepper().stats().forced_tokens, 1000u);
}

TEST(Sim, ConstraintsWithFixedStatesAndWindows) {
  EngineConfig config = config_of(900, 6, 24, 70, 2, true);
  Simulation simulation(
      {.seed = 29, .config = config, .window = 40, .has_state = true, .shared_beginnings = 3, .constrained = 60});
  simulation.run(kSteps / 4);
  EXPECT_GT(simulation.stepper().stats().forced_tokens, 1000u);
}

TEST(Sim, ConstraintsWhereADeviceComputes) {
  EngineConfig config = config_of(200, 8, 64, 40);
  config.swap_bytes = 8 * config.kv_bytes;
  Simulation simulation({.seed = 30, .config = config, .shared_beginnings = 4, .is_device = true, .constrained = 30});
  simulation.run(kSteps / 4);
  const EngineStats stats = simulation.stepper().stats();
  EXPECT_GT(stats.forced_tokens, 1000u);
  EXPECT_GT(stats.steps_ahead, 100u);
}

TEST(Sim, GuessesBesideConstraints) {
  Simulation simulation(
      {.seed = 31, .config = config_of(200, 8, 40, 16), .shared_beginnings = 4, .constrained = 50, .drafts = 4});
  simulation.run(kSteps / 4);
  const EngineStats stats = simulation.stepper().stats();
  EXPECT_GT(stats.forced_tokens, 1000u);
  EXPECT_GT(stats.draft_tokens_accepted, 1000u);
}

// What was computed of a sequence that gives way is kept: nothing is computed twice (Simulation::check_totals).
TEST(Sim, SwapSpaceInsteadOfASecondTime) {
  EngineConfig config = config_of(200, 8, 16, 6);
  config.swap_bytes = 8 * config.kv_bytes;
  Simulation simulation({.seed = 18, .config = config, .cancel = 0});
  simulation.run(kSteps);
  const EngineStats stats = simulation.stepper().stats();
  EXPECT_GT(stats.preemptions, 500u);
  EXPECT_EQ(stats.preemptions_kept, stats.preemptions);
  EXPECT_GT(stats.swap_blocks_out, 500u);
  EXPECT_GT(stats.swap_blocks_in, 500u);
}

TEST(Sim, SwapSpaceOfLittleRoomWithSharedBeginningsAndDeadlines) {
  EngineConfig config = config_of(200, 8, 32, 14);
  config.swap_bytes = config.kv_bytes / 2;
  Simulation simulation({.seed = 19, .config = config, .shared_beginnings = 4, .has_timeouts = true});
  simulation.run(kSteps);
  const EngineStats stats = simulation.stepper().stats();
  EXPECT_GT(stats.preemptions_kept, 100u);
  EXPECT_GT(stats.preemptions, stats.preemptions_kept);
  EXPECT_GT(stats.prefix_tokens_cached, 1000u);
}

TEST(Sim, SwapSpaceWithoutAPrefixCache) {
  EngineConfig config = config_of(200, 8, 32, 14);
  config.has_prefix_cache = false;
  config.swap_bytes = 4 * config.kv_bytes;
  Simulation simulation({.seed = 20, .config = config, .cancel = 0, .shared_beginnings = 3});
  simulation.run(kSteps / 2);
  EXPECT_GT(simulation.stepper().stats().preemptions_kept, 100u);
}

TEST(Sim, SwapSpaceOfWindowsStatesAndFullAttention) {
  EngineConfig config = config_of(300, 6, 24, 24, 2, true);
  config.swap_bytes = 4 * config.kv_bytes;
  Simulation simulation(
      {.seed = 21, .config = config, .window = 40, .has_state = true, .cancel = 0, .shared_beginnings = 3});
  simulation.run(kSteps);
  const EngineStats stats = simulation.stepper().stats();
  EXPECT_GT(stats.preemptions_kept, 100u);
  EXPECT_EQ(stats.preemptions_kept, stats.preemptions);
}

TEST(Sim, SwapSpaceAndGuesses) {
  EngineConfig config = config_of(200, 8, 40, 16);
  config.swap_bytes = config.kv_bytes;
  Simulation simulation({.seed = 22, .config = config, .shared_beginnings = 4, .has_timeouts = true, .drafts = 5});
  simulation.run(kSteps / 4);
  EXPECT_GT(simulation.stepper().stats().preemptions_kept, 20u);
}

TEST(Sim, SwapSpaceAndPrefillFirst) {
  EngineConfig config = config_of(200, 8, 32, 10);
  config.policy = SchedulePolicy::prefill_first;
  config.swap_bytes = 4 * config.kv_bytes;
  Simulation simulation({.seed = 23, .config = config, .shared_beginnings = 3});
  simulation.run(kSteps / 4);
  EXPECT_GT(simulation.stepper().stats().preemptions_kept, 20u);
}

// Steps that are submitted before the tokens are known which they read.
TEST(Sim, StepsAheadInPlentyOfMemory) {
  Simulation simulation({.seed = 24, .config = config_of(120, 16, 64, 400), .shared_beginnings = 8, .is_device = true});
  simulation.run(kSteps);
  const EngineStats stats = simulation.stepper().stats();
  EXPECT_GT(stats.steps_ahead, stats.steps / 20);
  EXPECT_GT(stats.prefix_tokens_cached, stats.prefix_tokens / 4);
}

TEST(Sim, StepsAheadInLittleMemoryWithDeadlines) {
  EngineConfig config = config_of(200, 6, 32, 14);
  config.swap_bytes = config.kv_bytes / 2;
  Simulation simulation(
      {.seed = 25, .config = config, .arrival = 20, .shared_beginnings = 4, .has_timeouts = true, .is_device = true});
  simulation.run(kSteps);
  const EngineStats stats = simulation.stepper().stats();
  EXPECT_GT(stats.steps_ahead, 1000u);
  EXPECT_GT(stats.preemptions, 100u);
  EXPECT_GT(stats.preemptions_kept, 50u);
}

TEST(Sim, StepsAheadOfWindowsStatesAndFullAttention) {
  EngineConfig config = config_of(300, 6, 24, 60, 2, true);
  Simulation simulation({.seed = 26,
                         .config = config,
                         .window = 40,
                         .has_state = true,
                         .arrival = 20,
                         .shared_beginnings = 3,
                         .is_device = true});
  simulation.run(kSteps);
  EXPECT_GT(simulation.stepper().stats().steps_ahead, 1000u);
}

TEST(Sim, NobodyPlansAheadOfGuesses) {
  Simulation simulation({.seed = 27, .config = config_of(200, 8, 40, 60), .is_device = true, .drafts = 5});
  simulation.run(kSteps / 10);
  EXPECT_EQ(simulation.stepper().stats().steps_ahead, 0u);
  EXPECT_GT(simulation.stepper().stats().draft_tokens_accepted, 100u);
}

TEST(Sim, NoPrefixCache) {
  EngineConfig config = config_of(200, 8, 32, 20);
  config.has_prefix_cache = false;
  Simulation simulation({.seed = 7, .config = config, .shared_beginnings = 3});
  simulation.run(kSteps / 4);
  EXPECT_EQ(simulation.stepper().stats().kv_blocks_cached, 0);
}

TEST(Sim, PrefillFirst) {
  EngineConfig config = config_of(200, 8, 32, 40);
  config.policy = SchedulePolicy::prefill_first;
  Simulation simulation({.seed = 8, .config = config, .shared_beginnings = 3});
  simulation.run(kSteps / 4);
}

// A row takes 0.2 ms: prompts of up to 3,000 tokens would stop the others for 600 ms.
Scenario long_prompts(SchedulePolicy policy) {
  EngineConfig config = config_of(4000, 16, 4000, 4000);
  config.target_tbt_s = 0.05;
  config.policy = policy;
  return {.seed = 9, .config = config, .arrival = 3, .prompt_max = 3000, .row_ms = 0.2};
}

TEST(Sim, GapsStayBelowTwiceTheirTarget) {
  Simulation simulation(long_prompts(SchedulePolicy::mixed));
  simulation.run(kSteps / 10);
  EXPECT_LT(simulation.worst_gap_s(), 0.1);
}

TEST(Sim, PrefillFirstFreezesEverybody) {
  Simulation simulation(long_prompts(SchedulePolicy::prefill_first));
  simulation.run(kSteps / 10);
  EXPECT_GT(simulation.worst_gap_s(), 0.5);
}

}  // namespace
}  // namespace estoc
