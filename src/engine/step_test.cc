// A step's events and what stats() say meanwhile.
#include "engine/step.h"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "engine/test_event_inbox.h"
#include "engine/test_following_model.h"
#include "runner/local_runner.h"

namespace estoc {
namespace {

class StepperTest : public testing::Test {
 protected:
  void add(EventSink sink) {
    stepper_.add(
        std::make_unique<Sequence>(++last_id_, Request{.prompt = {1, 2}, .tokens_max = 3}, std::move(sink), 1));
  }

  FakeModel model_{kVocab, 7};
  LocalRunner runner_{model_, nullptr};
  Stepper stepper_{runner_, config_with_blocks(12)};
  RequestId last_id_ = 0;
};

TEST_F(StepperTest, DeliveryAloneChangesNoStats) {
  uint64_t tokens_seen = 0;
  add([&](Event&&) { tokens_seen = stepper_.stats().output_tokens; });
  for (uint64_t step = 1; step <= 3; ++step) {
    stepper_.step();
    EXPECT_EQ(stepper_.stats().output_tokens, step);
    EXPECT_EQ(stepper_.deliver(), 0);
    EXPECT_EQ(tokens_seen, step);
  }
  EXPECT_EQ(stepper_.stats().requests_done, 1u);
  EXPECT_EQ(stepper_.deliver(), 0);
}

TEST_F(StepperTest, CountsTheSinksThatThrow) {
  int event_count = 0;
  add([](Event&&) {});
  add([&](Event&& event) {
    ++event_count;
    if (!event.finish) throw std::runtime_error("broken caller");
  });
  stepper_.step();
  EXPECT_EQ(stepper_.stats().running, 2);
  EXPECT_EQ(stepper_.deliver(), 1);
  EXPECT_EQ(event_count, 2);
  EXPECT_EQ(stepper_.stats().running, 1);
  EXPECT_EQ(stepper_.stats().requests_cancelled, 1u);
}

// A model whose steps something else computes, until they are waited for.
class MeanwhileModel final : public FakeModel {
 public:
  using FakeModel::FakeModel;
  bool begin(const Batch& batch, StateStorage& kv, ModelScratch& scratch, const LogitRows& logits) const override {
    happened.push_back("begin");
    compute_ = [this, batch, &kv, &scratch, logits] { forward(batch, kv, scratch, logits); };
    return true;
  }
  void finish(ModelScratch&) const override {
    happened.push_back("finish");
    compute_();
  }

  mutable std::vector<std::string> happened;

 private:
  mutable std::function<void()> compute_;
};

class DeviceStepperTest : public testing::Test {
 protected:
  void add(EventSink sink) {
    stepper_.add(
        std::make_unique<Sequence>(++last_id_, Request{.prompt = {1, 2}, .tokens_max = 3}, std::move(sink), 1));
  }
  // As the engine does it.
  void step() {
    stepper_.step();
    if (!stepper_.leaves_delivery()) stepper_.deliver();
  }
  std::vector<std::string> happened() { return std::exchange(model_.happened, {}); }

  MeanwhileModel model_{kVocab, 7};
  LocalRunner runner_{model_, nullptr};
  Stepper stepper_{runner_, config_with_blocks(12)};
  RequestId last_id_ = 0;
};

TEST_F(DeviceStepperTest, EventsAreDeliveredWhileADeviceComputesTheNextStep) {
  add([&](Event&& event) { model_.happened.push_back(event.finish ? "last event" : "event"); });
  step();
  EXPECT_EQ(happened(), (std::vector<std::string>{"begin", "finish"}));
  step();
  EXPECT_EQ(happened(), (std::vector<std::string>{"begin", "event", "finish"}));
  step();  // nothing follows it
  EXPECT_EQ(happened(), (std::vector<std::string>{"begin", "event", "finish", "last event"}));
  EXPECT_TRUE(stepper_.is_idle());
}

TEST_F(DeviceStepperTest, ASinkThatThrowsMeanwhileEndsBehindTheStep) {
  std::vector<FinishReason> ends;
  add([&](Event&& event) {
    if (!event.finish) throw std::runtime_error("broken caller");
    ends.push_back(*event.finish);
  });
  add([](Event&&) {});
  step();
  EXPECT_EQ(stepper_.stats().running, 2);
  step();
  EXPECT_EQ(stepper_.stats().running, 1);
  stepper_.check_integrity();
  step();
  EXPECT_EQ(ends, std::vector{FinishReason::cancelled});
  EXPECT_EQ(stepper_.stats().requests_done, 1u);
}

TEST_F(DeviceStepperTest, AFailureEndsWhatWasComputedAndLeavesTheRest) {
  add([](Event&&) {});
  step();
  model_.before_forward = [](const Batch&) { throw std::runtime_error("out of something"); };
  step();
  model_.before_forward = nullptr;
  EXPECT_EQ(stepper_.stats().requests_failed, 1u);
  add([](Event&&) {});
  while (!stepper_.is_idle()) step();
  EXPECT_EQ(stepper_.stats().requests_done, 1u);
  stepper_.check_integrity();
}

class StepsAheadTest : public testing::Test {
 protected:
  static Request request_of(TokenId first, int tokens_max) {
    Request request{.prompt = {first, 2}, .tokens_max = tokens_max};
    request.sampling.seed = 7;
    return request;
  }
  RequestId add(Request request) {
    stepper_.add(std::make_unique<Sequence>(++last_id_, std::move(request), inbox_.sink(), 1));
    return last_id_;
  }
  void step() {
    stepper_.step();
    stepper_.check_integrity();
    if (!stepper_.leaves_delivery()) stepper_.deliver();
  }
  void run() {
    while (!stepper_.is_idle()) step();
  }
  std::vector<std::string> happened() { return std::exchange(model_.happened, {}); }

  FollowingModel model_{kVocab, 7};
  LocalRunner runner_{model_, nullptr};
  Inbox inbox_;  // outlives the stepper
  Stepper stepper_{runner_, config_with_blocks(12)};
  RequestId last_id_ = 0;
};

TEST_F(StepsAheadTest, ADecodeStepIsSubmittedWhileTheOneBeforeIsComputed) {
  const RequestId id = add(request_of(1, 4));
  step();
  EXPECT_EQ(happened(), (std::vector<std::string>{"begin", "follow", "finish"}));
  step();
  EXPECT_EQ(happened(), (std::vector<std::string>{"follow", "finish"}));
  run();  // the last one is known to be: nothing follows it
  EXPECT_EQ(happened(), (std::vector<std::string>{"follow", "finish", "finish"}));
  EXPECT_EQ(inbox_.completion(id), complete_alone(request_of(1, 4), kVocab, 100));
  EXPECT_EQ(stepper_.stats().steps, 4u);
  EXPECT_EQ(stepper_.stats().steps_ahead, 3u);
  EXPECT_EQ(model_.row_count, 2u + 3u);
}

TEST_F(StepsAheadTest, WhoTurnsOutToHaveEndedComputesARowForNothing) {
  Request request = request_of(1, 40);
  const std::vector<TokenId> whole = complete_alone(request, kVocab, 100).tokens;
  request.stop_tokens = {whole[5]};
  const Completion expected = complete_alone(request, kVocab, 100);
  const RequestId id = add(request), other = add(request_of(3, 20));
  run();
  EXPECT_EQ(inbox_.completion(id), expected);
  EXPECT_EQ(inbox_.completion(id).finish, FinishReason::stop);
  EXPECT_EQ(inbox_.completion(other), complete_alone(request_of(3, 20), kVocab, 100));
  EXPECT_EQ(stepper_.stats().kv_blocks_used, 0);
  EXPECT_EQ(stepper_.stats().output_tokens, expected.tokens.size() + 20);
}

// Its last step was for nothing; the next request does not see it.
TEST_F(StepsAheadTest, AStepWhoseSequencesHaveAllEndedIsForgotten) {
  Request request = request_of(1, 40);
  request.stop_tokens = {complete_alone(request, kVocab, 100).tokens[3]};
  add(request);
  run();
  EXPECT_TRUE(stepper_.is_idle());
  const uint64_t steps = stepper_.stats().steps;
  const RequestId next = add(request_of(5, 9));
  run();
  EXPECT_EQ(inbox_.completion(next), complete_alone(request_of(5, 9), kVocab, 100));
  EXPECT_EQ(stepper_.stats().steps, steps + 9);
}

TEST_F(StepsAheadTest, WhatNeedsTokensOnTheHostIsPlannedInTurn) {
  Request request = request_of(1, 6);
  request.sampling.presence_penalty = 0.5f;
  const RequestId id = add(request), plain = add(request_of(3, 9));
  for (int i = 0; i < 6; ++i) step();
  EXPECT_EQ(stepper_.stats().steps_ahead, 0u);
  run();  // the other goes on alone
  EXPECT_GT(stepper_.stats().steps_ahead, 0u);
  EXPECT_EQ(inbox_.completion(id), complete_alone(request, kVocab, 100));
  EXPECT_EQ(inbox_.completion(plain), complete_alone(request_of(3, 9), kVocab, 100));
}

TEST_F(StepsAheadTest, WhoComesIsAdmittedBehindWhatIsSubmitted) {
  const RequestId first = add(request_of(1, 30));
  step();
  const RequestId second = add(request_of(3, 30));
  step();
  EXPECT_EQ(stepper_.stats().waiting, 1);
  happened();
  step();
  EXPECT_EQ(stepper_.stats().waiting, 0);
  EXPECT_EQ(happened(), (std::vector<std::string>{"begin", "follow", "finish"}));
  run();
  EXPECT_EQ(inbox_.completion(first), complete_alone(request_of(1, 30), kVocab, 100));
  EXPECT_EQ(inbox_.completion(second), complete_alone(request_of(3, 30), kVocab, 100));
}

TEST_F(StepsAheadTest, WhoIsCancelledIsForgottenByTheStepThatIsSubmitted) {
  const RequestId first = add(request_of(1, 30)), second = add(request_of(3, 30));
  for (int i = 0; i < 4; ++i) step();
  stepper_.end(first, FinishReason::cancelled);
  stepper_.check_integrity();
  run();
  EXPECT_EQ(inbox_.completion(first).finish, FinishReason::cancelled);
  EXPECT_EQ(inbox_.completion(second), complete_alone(request_of(3, 30), kVocab, 100));
  add(request_of(5, 30));
  step();
  stepper_.end_all(FinishReason::cancelled);
  stepper_.deliver();
  EXPECT_TRUE(stepper_.is_idle());
  EXPECT_EQ(stepper_.stats().kv_blocks_used, 0);
}

TEST_F(StepsAheadTest, AFailureEndsWhatWasSubmittedBehindItToo) {
  const RequestId first = add(request_of(1, 30)), second = add(request_of(3, 30));
  step();
  model_.before_forward = [](const Batch&) { throw std::runtime_error("out of something"); };
  step();
  model_.before_forward = nullptr;
  run();
  EXPECT_EQ(inbox_.completion(first).finish, FinishReason::error);
  EXPECT_EQ(inbox_.completion(second).finish, FinishReason::error);
  EXPECT_EQ(stepper_.stats().requests_failed, 2u);
  const RequestId next = add(request_of(5, 9));
  run();
  EXPECT_EQ(inbox_.completion(next), complete_alone(request_of(5, 9), kVocab, 100));
}

TEST_F(StepsAheadTest, NobodyPlansAheadWhereThatIsOffOrAModelDoesNotFollow) {
  model_.follows = false;
  add(request_of(1, 9));
  run();
  EXPECT_EQ(stepper_.stats().steps_ahead, 0u);
  model_.follows = true;
  EngineConfig config = config_with_blocks(12);
  config.plans_ahead = false;
  LocalRunner runner(model_, nullptr);
  Stepper in_turn(runner, config);
  in_turn.add(std::make_unique<Sequence>(++last_id_, request_of(1, 9), inbox_.sink(), 1));
  while (!in_turn.is_idle()) {
    in_turn.step();
    in_turn.deliver();
  }
  EXPECT_EQ(in_turn.stats().steps_ahead, 0u);
  EXPECT_EQ(inbox_.completion(last_id_), complete_alone(request_of(1, 9), kVocab, 100));
}

// A model whose copies to or from the swap space fail when they are told to.
class SwappingModel final : public FakeModel {
 public:
  using FakeModel::FakeModel;
  std::unique_ptr<ModelScratch> make_scratch(const RunLimits&) const override {
    return std::make_unique<Scratch>(*this);
  }
  bool fails_out = false, fails_in = false;

 private:
  struct Scratch final : ModelScratch {
    explicit Scratch(const SwappingModel& model) : model(model) {}
    void swap_out(std::span<const SwapCopy>) override {
      if (model.fails_out) fail(ErrorCode::io, "a copy failed");
    }
    void swap_in(std::span<const SwapCopy>) override {
      if (model.fails_in) fail(ErrorCode::io, "a copy failed");
    }
    const SwappingModel& model;
  };
};

// Two sequences in room for one and a half of them: the younger goes to the swap space, and comes back.
class SwapStepperTest : public testing::Test {
 protected:
  static EngineConfig config() {
    EngineConfig config = config_with_blocks(5);
    config.swap_bytes = config.kv_bytes;
    config.has_prefix_cache = false;  // where a block still is, it is not copied back
    return config;
  }
  static Request request_of(TokenId first) {
    Request request{.prompt = {first, 2}, .tokens_max = 40};
    request.sampling.seed = 1;
    return request;
  }
  RequestId add(TokenId first) {
    stepper_.add(std::make_unique<Sequence>(++last_id_, request_of(first), inbox_.sink(), 1));
    return last_id_;
  }
  void step() {
    stepper_.step();
    stepper_.check_integrity();
    stepper_.deliver();
  }
  void step_until_swapped() {
    while (!stepper_.is_idle() && stepper_.stats().swap_blocks_used == 0) step();
    ASSERT_EQ(stepper_.stats().preemptions_kept, 1u);
  }

  SwappingModel model_{kVocab, 7};
  LocalRunner runner_{model_, nullptr};
  Inbox inbox_;  // outlives the stepper
  Stepper stepper_{runner_, config()};
  RequestId last_id_ = 0;
};

TEST_F(SwapStepperTest, WhoComesBackGoesOnWithWhatWasComputed) {
  const RequestId older = add(1), younger = add(3);
  while (!stepper_.is_idle()) step();
  for (const RequestId id : {older, younger}) {
    EXPECT_EQ(inbox_.completion(id), complete_alone(request_of(id == older ? 1 : 3), kVocab, 100));
  }
  const EngineStats& stats = stepper_.stats();
  EXPECT_EQ(stats.preemptions, 1u);
  EXPECT_EQ(stats.preemptions_kept, 1u);
  EXPECT_EQ(stats.swap_blocks, 5);
  EXPECT_EQ(stats.swap_blocks_used, 0);
  EXPECT_GT(stats.swap_blocks_out, 0u);
  EXPECT_GT(stats.swap_blocks_in, 0u);
  EXPECT_EQ(model_.row_count, 2u * (2 + 39));  // none twice
}

TEST_F(SwapStepperTest, ACopyOutThatFailsEndsItsRequestAndLeavesNothing) {
  const RequestId older = add(1), younger = add(3);
  model_.fails_out = true;
  while (!stepper_.is_idle()) step();
  model_.fails_out = false;
  for (const RequestId id : {older, younger}) {
    const Event last = inbox_.wait_for_all(id).back();
    EXPECT_EQ(last.finish, FinishReason::error);
    EXPECT_EQ(last.error, "the model failed while it computed this request; the server's log says more");
  }
  EXPECT_EQ(stepper_.stats().kv_blocks_used, 0);
  EXPECT_EQ(stepper_.stats().swap_blocks_used, 0);
  const RequestId next = add(1);
  while (!stepper_.is_idle()) step();
  EXPECT_EQ(inbox_.completion(next).finish, FinishReason::length);
}

TEST_F(SwapStepperTest, ACopyInThatFailsEndsItsRequestAndLeavesNothing) {
  add(1);
  const RequestId younger = add(3);
  step_until_swapped();
  model_.fails_in = true;
  while (!stepper_.is_idle()) step();
  EXPECT_EQ(inbox_.wait_for_all(younger).back().finish, FinishReason::error);
  EXPECT_EQ(stepper_.stats().kv_blocks_used, 0);
  EXPECT_EQ(stepper_.stats().swap_blocks_used, 0);
}

TEST_F(SwapStepperTest, WhoIsCancelledInTheSwapSpaceLeavesNothing) {
  add(1);
  const RequestId younger = add(3);
  step_until_swapped();
  EXPECT_GT(stepper_.stats().swap_blocks_used, 0);
  stepper_.end(younger, FinishReason::cancelled);
  EXPECT_EQ(stepper_.stats().swap_blocks_used, 0);
  stepper_.check_integrity();
  stepper_.end_all(FinishReason::cancelled);
  stepper_.deliver();
  EXPECT_TRUE(stepper_.is_idle());
}

TEST_F(SwapStepperTest, AllMayEndWhileSomeAreInTheSwapSpace) {
  add(1);
  add(3);
  step_until_swapped();
  stepper_.end_all(FinishReason::cancelled);
  EXPECT_EQ(stepper_.stats().swap_blocks_used, 0);
  EXPECT_EQ(stepper_.stats().kv_blocks_used, 0);
  stepper_.deliver();
}

// With a clock that the test turns, and room for one sequence at a time.
class TurnedClockTest : public testing::Test {
 protected:
  static EngineConfig config() {
    EngineConfig config = config_with_blocks(12);
    config.sequences_max = 1;
    config.queue_timeout_s = 10;
    return config;
  }
  static Clock::time_point now() { return Clock::time_point(std::chrono::milliseconds(now_ms_)); }

  RequestId add(Request request) {
    auto sequence = std::make_unique<Sequence>(++last_id_, std::move(request), inbox_.sink(), 1);
    sequence->submitted_at = now();
    stepper_.add(std::move(sequence));
    return last_id_;
  }
  void step_at(int ms) {
    now_ms_ = ms;
    stepper_.step();
    stepper_.deliver();
  }
  Event last_event(RequestId id) { return inbox_.wait_for_all(id).back(); }

  static inline int now_ms_ = 0;
  FakeModel model_{kVocab, 7};
  LocalRunner runner_{model_, nullptr};
  Inbox inbox_;
  Stepper stepper_{runner_, config(), now};
  RequestId last_id_ = 0;
};

TEST_F(TurnedClockTest, WhoIsNotStartedWithinTheQueuesTimeoutIsToComeAgain) {
  now_ms_ = 1000;
  const RequestId running = add({.prompt = {1, 2}, .tokens_max = 50});
  const RequestId waiting = add({.prompt = {3, 4}, .tokens_max = 50});
  step_at(1000);
  step_at(10'999);
  EXPECT_EQ(inbox_.count(waiting), 0u);
  step_at(11'000);
  const Event event = last_event(waiting);
  EXPECT_EQ(event.finish, FinishReason::timeout);
  EXPECT_EQ(event.error, "the request waited 10 s without being started");
  EXPECT_GE(event.retry_after_s, 1);
  EXPECT_EQ(event.output_tokens, 0);
  step_at(20'000);  // who was started has no such limit
  EXPECT_EQ(inbox_.count(running), 4u);
  EXPECT_EQ(stepper_.stats().requests_timed_out, 1u);
}

TEST_F(TurnedClockTest, ARequestEndsAtItsOwnDeadlineWhetherItRunsOrWaits) {
  now_ms_ = 1000;
  const RequestId running = add({.prompt = {1, 2}, .tokens_max = 50, .timeout = std::chrono::milliseconds(2000)});
  const RequestId waiting = add({.prompt = {3, 4}, .tokens_max = 50, .timeout = std::chrono::milliseconds(2001)});
  step_at(1000);
  step_at(2999);
  step_at(3000);
  const Event event = last_event(running);
  EXPECT_EQ(event.finish, FinishReason::timeout);
  EXPECT_EQ(event.error, "the request's timeout of 2000 ms has passed after 2 of its tokens");
  EXPECT_EQ(event.retry_after_s, 0);
  EXPECT_EQ(event.output_tokens, 2);
  EXPECT_EQ(inbox_.count(waiting), 1u);  // started in the same step, with a millisecond left
  step_at(3001);
  EXPECT_EQ(last_event(waiting).error, "the request's timeout of 2001 ms has passed after 1 of its tokens");
}

TEST_F(TurnedClockTest, TimesAreThoseOfTheRequestsStages) {
  now_ms_ = 1000;
  const RequestId first = add({.prompt = {1, 2}, .tokens_max = 1});
  const RequestId second = add({.prompt = {3, 4}, .tokens_max = 3});
  step_at(2000);
  EXPECT_EQ(last_event(first).times.queue_s, 1);
  step_at(4000);
  step_at(4500);
  step_at(6000);
  const RequestTimes times = last_event(second).times;
  EXPECT_EQ(times.queue_s, 3);
  EXPECT_EQ(times.prefill_s, 0);  // the clock stands while a step is computed
  EXPECT_EQ(times.decode_s, 2);
  EXPECT_EQ(times.gap_max_s, 1.5);
  EXPECT_EQ(stepper_.stats().queue_s.sum(), 4);
  EXPECT_EQ(stepper_.stats().e2e_s.sum(), 1 + 5);
}

TEST_F(TurnedClockTest, StatsSayWhatRunsAndWhatWaits) {
  for (int i = 0; i < 3; ++i) add({.prompt = std::vector<TokenId>(20, 1), .tokens_max = 50});
  step_at(0);
  const EngineStats& stats = stepper_.stats();
  EXPECT_EQ(stats.running, 1);
  EXPECT_EQ(stats.waiting, 2);
  EXPECT_EQ(stats.kv_blocks, 12);
  EXPECT_EQ(stats.kv_blocks_used, 2);
  EXPECT_EQ(stats.prefix_tokens, 20u);
  EXPECT_GT(stats.queue_work_s, 0);
}

}  // namespace
}  // namespace estoc
