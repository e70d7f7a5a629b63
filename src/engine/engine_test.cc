#include "engine/engine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "base/error.h"
#include "engine/fake_model.h"

namespace estoc {
namespace {

using std::chrono::seconds;

constexpr int kVocab = 40;

EngineConfig config_with_blocks(int blocks) {
  // One layer of one head of 2 in f32: a block is 2 * 16 * 2 floats.
  return {.context = 100,
          .sequences_max = 8,
          .batch_tokens_max = 7,
          .queue_max = 1000,
          .kv_bytes = static_cast<uint64_t>(blocks) * 256,
          .kv_type = KvType::f32};
}

// Receives the events of many requests; also checks that nothing follows the last one.
class Inbox {
 public:
  EventSink sink() {
    return [this](Event&& event) {
      const std::lock_guard lock(mutex_);
      auto& events = events_[event.request];
      EXPECT_FALSE(!events.empty() && events.back().finish.has_value()) << "an event after the last one";
      events.push_back(std::move(event));
      arrived_.notify_all();
    };
  }

  std::vector<Event> wait_for_all(RequestId id) {
    std::unique_lock lock(mutex_);
    const bool is_complete = arrived_.wait_for(
        lock, seconds(60), [&] { return !events_[id].empty() && events_[id].back().finish.has_value(); });
    EXPECT_TRUE(is_complete) << "request " << id << " never ended";
    return events_[id];
  }

  Completion completion(RequestId id) {
    Completion completion;
    for (const Event& event : wait_for_all(id)) {
      if (event.token) completion.tokens.push_back(*event.token);
      if (event.finish) completion.finish = *event.finish;
    }
    return completion;
  }

  size_t count(RequestId id) {
    const std::lock_guard lock(mutex_);
    return events_[id].size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::map<RequestId, std::vector<Event>> events_;
};

// Holds the model before its next forward until opened.
class Gate {
 public:
  explicit Gate(FakeModel& model) {
    model.before_forward = [this](const Batch&) {
      std::unique_lock lock(mutex_);
      is_reached_ = true;
      changed_.notify_all();
      changed_.wait(lock, [this] { return is_open_; });
    };
  }
  void wait_until_reached() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_reached_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_reached_ = false, is_open_ = false;
};

Request random_request(std::mt19937& random) {
  Request request;
  const uint32_t prompt = 1 + random() % 60;
  for (uint32_t i = 0; i < prompt; ++i) request.prompt.push_back(static_cast<TokenId>(random() % kVocab));
  request.tokens_max = 1 + static_cast<int>(random() % 50);
  request.sampling = {.temperature = random() % 2 == 0 ? 0.0f : 0.8f, .top_k = static_cast<int>(random() % 20)};
  if (random() % 2 == 0) request.sampling.top_p = 0.9f;
  if (random() % 3 == 0) request.sampling.frequency_penalty = 0.7f;
  request.sampling.seed = random();
  if (random() % 2 == 0) request.end_tokens = {3};
  return request;
}

TEST(Engine, ManyRequestsYieldWhatEachYieldsAlone) {
  FakeModel model(kVocab, 7);
  Engine engine(model, config_with_blocks(12));
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
  EXPECT_GT(stats.preemptions, 0u);
  EXPECT_EQ(stats.kv_blocks_used, 0);
  EXPECT_EQ(stats.requests_done, 60u);
  EXPECT_EQ(stats.running + stats.waiting, 0);
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

TEST(Engine, CancelFreesRunningAndWaitingRequestsWithinAStep) {
  FakeModel model(kVocab, 7);
  Gate gate(model);
  EngineConfig config = config_with_blocks(12);
  config.sequences_max = 1;
  Inbox inbox;  // outlives the engine
  Engine engine(model, config);
  const RequestId running = engine.submit({.prompt = {1, 2}, .tokens_max = 90}, inbox.sink()).id;
  const RequestId waiting = engine.submit({.prompt = {1, 2}, .tokens_max = 90}, inbox.sink()).id;
  gate.wait_until_reached();
  engine.cancel(running);
  engine.cancel(waiting);
  engine.cancel(12345);
  gate.open();
  EXPECT_EQ(inbox.completion(running).finish, FinishReason::cancelled);
  EXPECT_LE(inbox.completion(running).tokens.size(), 1u);
  EXPECT_EQ(inbox.completion(waiting), (Completion{{}, FinishReason::cancelled}));
  EXPECT_EQ(engine.stats().kv_blocks_used, 0);
  EXPECT_EQ(engine.stats().steps, 1u);
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
  Request request{.prompt = {}, .sampling = {.seed = 1, .logprobs = 3}, .tokens_max = 3, .prompt_logprobs = 2};
  for (int i = 0; i < 150; ++i) request.prompt.push_back(static_cast<TokenId>(random() % kVocab));
  const auto events = inbox.wait_for_all(engine.submit(request, inbox.sink()).id);
  ASSERT_EQ(events.size(), 3u);

  std::vector<TokenId> tokens = request.prompt;
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

TEST(Engine, RefusesWhatExceedsItsQueue) {
  FakeModel model(kVocab, 7);
  Gate gate(model);
  EngineConfig config = config_with_blocks(12);
  config.sequences_max = 2;
  config.queue_max = 3;
  Inbox inbox;  // outlives the engine
  Engine engine(model, config);
  std::vector<RequestId> ids;
  for (int i = 0; i < 5; ++i) {
    const SubmitResult result = engine.submit({.prompt = {1}, .tokens_max = 2}, inbox.sink());
    ASSERT_EQ(result.status, SubmitStatus::accepted);
    ids.push_back(result.id);
  }
  EXPECT_EQ(engine.submit({.prompt = {1}}, inbox.sink()).status, SubmitStatus::queue_full);
  gate.open();
  for (const RequestId id : ids) EXPECT_EQ(inbox.completion(id).finish, FinishReason::length);
  EXPECT_EQ(engine.submit({.prompt = {1}}, inbox.sink()).status, SubmitStatus::accepted);
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

TEST(Engine, DrainFinishesWhatWasAcceptedAndRefusesTheRest) {
  FakeModel model(kVocab, 7);
  Inbox inbox;  // outlives the engine
  Engine engine(model, config_with_blocks(12));
  std::vector<RequestId> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(engine.submit({.prompt = {1, 2}, .tokens_max = 30}, inbox.sink()).id);
  engine.drain(seconds(60));
  for (const RequestId id : ids) EXPECT_EQ(inbox.count(id), 30u);
  EXPECT_EQ(engine.submit({.prompt = {1}}, inbox.sink()).status, SubmitStatus::stopping);
}

TEST(Engine, DrainGivesUpAfterItsTime) {
  FakeModel model(kVocab, 7);
  Gate gate(model);
  Inbox inbox;  // outlives the engine
  Engine engine(model, config_with_blocks(12));
  const RequestId id = engine.submit({.prompt = {1}, .tokens_max = 3}, inbox.sink()).id;
  engine.drain(std::chrono::milliseconds(5));
  EXPECT_EQ(inbox.count(id), 0u);
  gate.open();
  EXPECT_EQ(inbox.completion(id).finish, FinishReason::length);
}

TEST(Engine, ItsEndCancelsWhatIsUnfinished) {
  FakeModel model(kVocab, 7);
  Gate gate(model);
  Inbox inbox;
  std::vector<RequestId> ids;
  std::thread opener;
  {
    Engine engine(model, config_with_blocks(12));
    for (int i = 0; i < 20; ++i) ids.push_back(engine.submit({.prompt = {1}, .tokens_max = 90}, inbox.sink()).id);
    gate.wait_until_reached();
    opener = std::thread([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      gate.open();
    });
  }
  opener.join();
  for (const RequestId id : ids) EXPECT_EQ(inbox.completion(id).finish, FinishReason::cancelled);
}

TEST(Engine, AThrowingSinkCancelsItsRequestOnly) {
  std::promise<FinishReason> last;
  FakeModel model(kVocab, 7);
  Inbox inbox;  // outlives the engine
  Engine engine(model, config_with_blocks(12));
  const RequestId bad = engine
                            .submit({.prompt = {1}, .tokens_max = 50},
                                    [&](Event&& event) {
                                      if (event.finish) return last.set_value(*event.finish);
                                      throw std::runtime_error("broken caller");
                                    })
                            .id;
  const Request request{.prompt = {1}, .sampling = {.seed = 4}, .tokens_max = 50};
  const RequestId good = engine.submit(request, inbox.sink()).id;
  EXPECT_EQ(inbox.completion(good), complete_alone(request, kVocab, 100));
  EXPECT_EQ(last.get_future().get(), FinishReason::cancelled);
  EXPECT_NE(bad, good);
  EXPECT_EQ(engine.stats().requests_cancelled, 1u);
}

TEST(Engine, ASinkMaySubmitAndCancel) {
  std::promise<RequestId> chained;
  FakeModel model(kVocab, 7);
  Inbox inbox;  // outlives the engine
  Engine engine(model, config_with_blocks(12));
  engine.submit({.prompt = {1}, .tokens_max = 50}, [&](Event&& event) {
    if (event.output_tokens == 1 && !event.finish) engine.cancel(event.request);
    if (event.finish) chained.set_value(engine.submit({.prompt = {2}, .tokens_max = 2}, inbox.sink()).id);
  });
  EXPECT_EQ(inbox.completion(chained.get_future().get()).tokens.size(), 2u);
}

TEST(Engine, AFailingForwardFailsTheRequestsOfItsStepAndTheEngineGoesOn) {
  FakeModel model(kVocab, 7);
  int calls = 0;
  model.before_forward = [&](const Batch&) {
    if (++calls == 3) throw std::runtime_error("out of luck");
  };
  Inbox inbox;  // outlives the engine
  Engine engine(model, config_with_blocks(12));
  const auto events = inbox.wait_for_all(engine.submit({.prompt = {1}, .tokens_max = 9}, inbox.sink()).id);
  EXPECT_EQ(events.back().finish, FinishReason::error);
  EXPECT_EQ(events.back().error, "out of luck");
  EXPECT_EQ(engine.stats().kv_blocks_used, 0);
  EXPECT_EQ(engine.stats().requests_failed, 1u);
  EXPECT_EQ(inbox.completion(engine.submit({.prompt = {1}, .tokens_max = 9}, inbox.sink()).id).tokens.size(), 9u);
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
