// Thousands of steps of random arrivals and cancels against a starved pool, one thread, every invariant checked after
// every step and every finished output compared with the same request computed alone.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "engine/fake_model.h"
#include "engine/kv_sizing.h"
#include "engine/step.h"

namespace estoc {
namespace {

constexpr int kVocab = 40;

struct Simulation {
  Simulation(uint32_t seed, const EngineConfig& config, int blocks)
      : random(seed),
        config(config),
        positions_max(positions_max_for(blocks, config)),
        model(kVocab, 512),
        stepper(model, config) {}

  Request random_request() {
    Request request;
    const auto longest = static_cast<uint32_t>(positions_max - 1);
    const uint32_t prompt = 1 + random() % (random() % 8 == 0 ? longest : std::min(longest, 20u));
    for (uint32_t i = 0; i < prompt; ++i) request.prompt.push_back(static_cast<TokenId>(random() % kVocab));
    request.tokens_max = static_cast<int>(random() % 40);
    request.sampling.temperature = random() % 2 == 0 ? 0.0f : 1.0f;
    request.sampling.seed = random();
    if (random() % 3 == 0) request.sampling.repetition_penalty = 1.3f;
    if (random() % 3 == 0) request.stop_tokens = {static_cast<TokenId>(random() % kVocab)};
    if (random() % 3 == 0) request.end_tokens = {7};
    request.ignore_end = random() % 4 == 0;
    if (request.tokens_max > 5 && random() % 4 == 0) request.tokens_min = 5;
    if (random() % 6 == 0) request.prompt_logprobs = 1;
    return request;
  }

  void arrive() {
    const RequestId id = ++last_id;
    Request request = random_request();
    live.emplace(id, request);
    stepper.add(std::make_unique<Sequence>(id, std::move(request), [this](Event&& event) { receive(event); }, 0));
  }

  void receive(const Event& event) {
    ASSERT_TRUE(live.contains(event.request));
    auto& completion = completions[event.request];
    if (event.token) completion.tokens.push_back(*event.token);
    ASSERT_EQ(event.output_tokens, static_cast<int>(completion.tokens.size()));
    const Request& request = live.at(event.request);
    if (event.output_tokens == (request.tokens_max == 0 ? 0 : 1) && event.finish != FinishReason::cancelled) {
      ASSERT_EQ(event.prompt_logprobs.size(), request.prompt_logprobs < 0 ? 0 : request.prompt.size() - 1);
    }
    if (!event.finish) return;
    completion.finish = *event.finish;
    if (*event.finish == FinishReason::cancelled) {
      ++cancelled;
    } else {
      ASSERT_EQ(completion, complete_alone(request, kVocab, positions_max)) << "request " << event.request;
      ++done;
    }
    live.erase(event.request);
    completions.erase(event.request);
  }

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) {
      const bool is_busy_time = i / 200 % 3 != 2;
      if (live.size() < 40 && random() % 10 < (is_busy_time ? 4u : 1u)) arrive();
      if (!live.empty() && random() % 40 == 0) {
        stepper.cancel(std::next(live.begin(), static_cast<long>(random() % live.size()))->first);
        if (random() % 2 == 0) stepper.cancel(1 + random() % last_id);
      }
      stepper.step();
      stepper.check_integrity();
      stepper.deliver();
    }
    for (int i = 0; i < 100000 && !stepper.is_idle(); ++i) {
      stepper.step();
      stepper.deliver();
    }
    EXPECT_TRUE(live.empty());
    const EngineStats stats = stepper.stats();
    EXPECT_EQ(stats.kv_blocks_used, 0);
    EXPECT_EQ(stats.requests_done, done);
    EXPECT_EQ(stats.requests_cancelled, cancelled);
    EXPECT_EQ(stats.requests_failed, 0u);
    EXPECT_EQ(done + cancelled, last_id);
    EXPECT_GT(done, last_id / 2);
    EXPECT_GT(cancelled, 0u);
  }

  std::mt19937 random;
  EngineConfig config;
  int positions_max;
  FakeModel model;
  Stepper stepper;
  RequestId last_id = 0;
  std::map<RequestId, Request> live;
  std::map<RequestId, Completion> completions;
  uint64_t done = 0, cancelled = 0;
};

EngineConfig config_of(int context, int sequences_max, int batch_tokens_max, uint64_t blocks) {
  const uint64_t block_bytes = KvStorage::bytes_per_block({{1, 2}}, KvType::f32);  // as FakeModel has it
  return {.context = context,
          .sequences_max = sequences_max,
          .batch_tokens_max = batch_tokens_max,
          .kv_bytes = blocks * block_bytes,
          .kv_type = KvType::f32};
}

TEST(SchedulerSim, StarvedPool) {
  Simulation simulation(1, config_of(200, 8, 16, 6), 6);
  simulation.run(20000);
  EXPECT_GT(simulation.stepper.stats().preemptions, 100u);
}

TEST(SchedulerSim, TinyBatches) {
  Simulation simulation(2, config_of(100, 6, 3, 12), 12);
  simulation.run(6000);
}

TEST(SchedulerSim, PlentyOfEverything) {
  Simulation simulation(3, config_of(120, 16, 64, 200), 200);
  simulation.run(4000);
  EXPECT_EQ(simulation.stepper.stats().preemptions, 0u);
}

TEST(SchedulerSim, OneBlockAndOneSequence) {
  Simulation simulation(4, config_of(100, 1, 1, 1), 1);
  simulation.run(2000);
}

}  // namespace
}  // namespace estoc
