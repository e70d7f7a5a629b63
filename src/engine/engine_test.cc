// What requests yield.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "base/error.h"
#include "base/thread_team.h"
#include "engine/test_event_inbox.h"

namespace estoc {
namespace {

Request random_request(std::mt19937& random) {
  Request request;
  const uint32_t prompt = 1 + random() % 60;
  std::vector<TokenId> tokens(prompt);
  for (TokenId& token : tokens) token = static_cast<TokenId>(random() % kVocab);
  request.prompt = std::move(tokens);
  request.tokens_max = 1 + static_cast<int>(random() % 50);
  request.sampling = {.temperature = random() % 2 == 0 ? 0.0f : 0.8f, .top_k = static_cast<int>(random() % 20)};
  if (random() % 2 == 0) request.sampling.top_p = 0.9f;
  if (random() % 3 == 0) request.sampling.frequency_penalty = 0.7f;
  request.sampling.seed = random();
  if (random() % 2 == 0) request.end_tokens = {3};
  return request;
}

void expect_what_each_yields_alone(ThreadTeam* team) {
  FakeModel model(kVocab, 7);
  Engine engine(model, config_with_blocks(12), team);
  std::mt19937 random(5);
  Inbox inbox;
  std::map<RequestId, Request> requests;
  for (int i = 0; i < 60; ++i) {
    const Request request = random_request(random);
    requests.emplace(engine.submit(request, inbox.sink()).id, request);
  }
  for (const auto& [id, request] : requests) {
    ASSERT_EQ(inbox.completion(id), complete_alone(request, kVocab, 100)) << "request " << id;
  }
  const EngineStats stats = engine.stats();
  EXPECT_EQ(stats.kv_blocks_used, 0);
  EXPECT_EQ(stats.requests_done, 60u);
  EXPECT_EQ(stats.running + stats.waiting, 0);
}

TEST(Engine, KeepsTheLastSteps) {
  FakeModel model(kVocab, 7);
  EngineConfig config = config_with_blocks(12);
  config.steps_kept = 3;
  Inbox inbox;
  Engine engine(model, config);
  inbox.wait_for_all(
      engine.submit({.prompt = std::vector<TokenId>{1, 2, 3}, .tokens_max = 5, .ignore_end = true}, inbox.sink()).id);
  const std::vector<StepRecord> steps = engine.last_steps();
  ASSERT_EQ(steps.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(steps[i].number, 3 + i);
    EXPECT_EQ(steps[i].work.rows, 1);
    EXPECT_EQ(steps[i].decodes, 1);
    EXPECT_EQ(steps[i].running, 1);
    EXPECT_GT(steps[i].foreseen_s, 0);
    EXPECT_GT(steps[i].took_s, 0);
  }
}

TEST(Engine, ManyRequestsYieldWhatEachYieldsAlone) { expect_what_each_yields_alone(nullptr); }

TEST(Engine, SamplingOverATeamYieldsTheSame) {
  for (const int threads : {1, 2, 5}) {
    ThreadTeam team(threads);
    expect_what_each_yields_alone(&team);
  }
}

TEST(Engine, SubmitsAndCancelsFromManyThreads) {
  FakeModel model(kVocab, 7);
  Inbox inbox;
  uint64_t cancelled = 0;
  Engine engine(model, config_with_blocks(12));
  std::vector<std::thread> callers;
  std::mutex mutex;
  std::map<RequestId, Request> requests;
  for (uint32_t caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      std::mt19937 random(caller);
      for (int i = 0; i < 25; ++i) {
        const Request request = random_request(random);
        const RequestId id = engine.submit(request, inbox.sink()).id;
        {
          const std::lock_guard lock(mutex);
          requests.emplace(id, request);
        }
        if (random() % 3 == 0) {
          if (random() % 2 == 0) std::this_thread::yield();
          engine.cancel(id);
          engine.cancel(id);
        }
        engine.stats();
      }
    });
  }
  for (auto& caller : callers) caller.join();
  for (const auto& [id, request] : requests) {
    const Completion completion = inbox.completion(id);
    if (completion.finish == FinishReason::cancelled) {
      ++cancelled;
    } else {
      ASSERT_EQ(completion, complete_alone(request, kVocab, 100));
    }
  }
  const EngineStats stats = engine.stats();
  EXPECT_EQ(stats.requests_cancelled, cancelled);
  EXPECT_EQ(stats.requests_done, 100 - cancelled);
  EXPECT_EQ(stats.kv_blocks_used, 0);
}

TEST(Engine, StopAndEndTokensEndASequence) {
  FakeModel model(kVocab, 7);
  Inbox inbox;  // outlives the engine
  Engine engine(model, config_with_blocks(12));
  Request request{.prompt = {1, 2, 3}, .sampling = {.temperature = 0}, .tokens_max = 20};
  const Completion free = inbox.completion(engine.submit(request, inbox.sink()).id);
  ASSERT_EQ(free.tokens.size(), 20u);
  EXPECT_EQ(free.finish, FinishReason::length);
  const TokenId last = free.tokens[9];
  const auto first_at =
      static_cast<size_t>(std::find(free.tokens.begin(), free.tokens.end(), last) - free.tokens.begin());

  request.stop_tokens = {last};
  RequestId id = engine.submit(request, inbox.sink()).id;
  const auto events = inbox.wait_for_all(id);
  EXPECT_EQ(events.size(), first_at + 1);
  EXPECT_EQ(events.back().finish, FinishReason::stop);
  EXPECT_TRUE(events.back().is_stop_token);
  EXPECT_EQ(events.back().token, last);
  EXPECT_EQ(events.back().output_tokens, static_cast<int>(first_at) + 1);
  EXPECT_EQ(events.back().prompt_tokens, 3);

  request.ignore_end = true;  // stop tokens count all the same
  EXPECT_EQ(inbox.completion(engine.submit(request, inbox.sink()).id).finish, FinishReason::stop);
  request.stop_tokens = {};
  request.end_tokens = {last};
  EXPECT_EQ(inbox.completion(engine.submit(request, inbox.sink()).id), free);
  request.ignore_end = false;
  EXPECT_EQ(inbox.completion(engine.submit(request, inbox.sink()).id).finish, FinishReason::stop);

  request.tokens_min = 15;
  const Completion late = inbox.completion(engine.submit(request, inbox.sink()).id);
  EXPECT_GE(late.tokens.size(), 15u);
  EXPECT_EQ(std::count(late.tokens.begin(), late.tokens.begin() + 15, last), 0);
}

TEST(Engine, ASequenceEndsWithTheContextOrThePool) {
  FakeModel model(kVocab, 7);
  Inbox inbox;
  const Request request{.prompt = std::vector<TokenId>(30, 5), .tokens_max = 1000};
  Engine wide(model, config_with_blocks(12));
  EXPECT_EQ(inbox.completion(wide.submit(request, inbox.sink()).id).tokens.size(), 70u);
  FakeModel other_model(kVocab, 7);
  Inbox other_inbox;
  Engine narrow(other_model, config_with_blocks(3));
  const Completion completion = other_inbox.completion(narrow.submit(request, other_inbox.sink()).id);
  EXPECT_EQ(completion.tokens.size(), 18u);
  EXPECT_EQ(completion.finish, FinishReason::length);
}

TEST(Engine, DeliversLogprobsOfThePromptAndTheOutput) {
  FakeModel model(kVocab, 200);
  EngineConfig config = config_with_blocks(40);
  config.context = 400;
  config.batch_tokens_max = 200;
  Inbox inbox;  // outlives the engine
  Engine engine(model, config);
  std::mt19937 random(3);
  std::vector<TokenId> tokens(150);
  for (TokenId& token : tokens) token = static_cast<TokenId>(random() % kVocab);
  const Request request{
      .prompt = tokens, .sampling = {.seed = 1, .logprobs = 3}, .tokens_max = 3, .prompt_logprobs = 2};
  const auto events = inbox.wait_for_all(engine.submit(request, inbox.sink()).id);
  ASSERT_EQ(events.size(), 3u);

  std::vector<Logprobs> logprobs = events[0].prompt_logprobs;
  ASSERT_EQ(logprobs.size(), 149u);
  for (const Event& event : events) {
    tokens.push_back(*event.token);
    ASSERT_TRUE(event.logprobs.has_value());
    EXPECT_EQ(event.logprobs->top.size(), 3u);
    logprobs.push_back(*event.logprobs);
  }
  EXPECT_EQ(logprobs[0].top.size(), 2u);
  std::vector<float> logits(kVocab);
  for (size_t i = 1; i < tokens.size(); ++i) {
    fake_logits(std::span(tokens).first(i), logits);
    double sum = 0;
    for (const float x : logits) sum += std::exp(static_cast<double>(x));
    ASSERT_NEAR(logprobs[i - 1].chosen, logits[static_cast<size_t>(tokens[i])] - std::log(sum), 1e-5) << i;
  }
}

TEST(Engine, ZeroTokensComputesThePromptOnly) {
  FakeModel model(kVocab, 7);
  Inbox inbox;  // outlives the engine
  Engine engine(model, config_with_blocks(12));
  const auto events = inbox.wait_for_all(
      engine.submit({.prompt = {1, 2, 3, 4}, .tokens_max = 0, .prompt_logprobs = 0}, inbox.sink()).id);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_FALSE(events[0].token.has_value());
  EXPECT_EQ(events[0].finish, FinishReason::length);
  EXPECT_EQ(events[0].prompt_logprobs.size(), 3u);
  EXPECT_EQ(events[0].output_tokens, 0);
}

TEST(Engine, ReportsTimesAndDrawsDifferentSeeds) {
  FakeModel model(kVocab, 7);
  Inbox inbox;  // outlives the engine
  Engine engine(model, config_with_blocks(12));
  const Request request{.prompt = {1, 2, 3}, .sampling = {.temperature = 5}, .tokens_max = 30};
  const RequestId first = engine.submit(request, inbox.sink()).id;
  const RequestId second = engine.submit(request, inbox.sink()).id;
  EXPECT_NE(inbox.completion(first).tokens, inbox.completion(second).tokens);
  const RequestTimes times = inbox.wait_for_all(first).back().times;
  EXPECT_GE(times.queue_s, 0);
  EXPECT_GT(times.prefill_s, 0);
  EXPECT_GT(times.decode_s, 0);
}

TEST(Engine, RefusesInvalidRequestsInTheCallersThread) {
  FakeModel model(kVocab, 7);
  Engine engine(model, config_with_blocks(12));
  EXPECT_THROW(engine.submit({.prompt = {}}, [](Event&&) {}), Error);
  EXPECT_THROW(engine.submit({.prompt = {kVocab}}, [](Event&&) {}), Error);
  EXPECT_THROW(engine.submit({.prompt = std::vector<TokenId>(100, 1)}, [](Event&&) {}), Error);
  EXPECT_THROW(Engine(model, {.context = 0}), Error);
  EXPECT_THROW(Engine(model, {.kv_bytes = 10}), Error);
}

TEST(Engine, ForbiddingEveryTokenIsAnErrorOfThatRequest) {
  FakeModel model(2, 7);
  Inbox inbox;  // outlives the engine
  Engine engine(model, config_with_blocks(12));
  const auto events = inbox.wait_for_all(
      engine
          .submit({.prompt = {1}, .tokens_max = 5, .tokens_min = 3, .end_tokens = {0}, .stop_tokens = {1}},
                  inbox.sink())
          .id);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].finish, FinishReason::error);
  EXPECT_NE(events[0].error.find("no token can be chosen"), std::string::npos);
}

}  // namespace
}  // namespace estoc
