// How requests and the engine end: cancels, a full queue, draining, broken sinks and models.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <optional>
#include <stdexcept>
#include <thread>

#include "base/error.h"
#include "engine/engine.h"
#include "engine/test_event_inbox.h"

namespace estoc {
namespace {

using std::chrono::seconds;

TEST(EngineLife, CancelFreesRunningAndWaitingRequestsWithinAStep) {
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

TEST(EngineLife, CompletedRequestsAreDoneAndNotCancelled) {
  FakeModel model(kVocab, 7);
  Gate gate(model);
  Inbox inbox;  // outlives the engine
  Engine engine(model, config_with_blocks(12));
  const RequestId whole = engine.submit({.prompt = {1, 2}, .tokens_max = 90}, inbox.sink()).id;
  const RequestId left = engine.submit({.prompt = {1, 2}, .tokens_max = 90}, inbox.sink()).id;
  gate.wait_until_reached();
  engine.complete(whole);
  engine.cancel(whole);  // too late
  engine.cancel(left);
  engine.complete(left);  // likewise
  gate.open();
  EXPECT_EQ(inbox.completion(whole).finish, FinishReason::completed);
  EXPECT_EQ(inbox.completion(left).finish, FinishReason::cancelled);
  const EngineStats stats = engine.stats();
  EXPECT_EQ(stats.requests_done, 1u);
  EXPECT_EQ(stats.e2e_s.count(), 1u);
  EXPECT_EQ(stats.requests_cancelled, 1u);
  EXPECT_EQ(stats.kv_blocks_used, 0);
}

TEST(EngineLife, RefusesWhatExceedsItsQueue) {
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
  const SubmitResult refused = engine.submit({.prompt = {1}}, inbox.sink());
  EXPECT_EQ(refused.status, SubmitStatus::queue_full);
  EXPECT_EQ(refused.retry_after_s, 1);  // so little work is done at once
  gate.open();
  for (const RequestId id : ids) EXPECT_EQ(inbox.completion(id).finish, FinishReason::length);
  EXPECT_EQ(engine.submit({.prompt = {1}}, inbox.sink()).status, SubmitStatus::accepted);
}

// Steps of a millisecond, the tenth of which lasts until the end: by then the engine knows what requests cost.
class SlowEngineTest : public testing::Test {
 protected:
  void start(double queue_work_max_s) {
    model_.before_forward = [this](const Batch&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (++forward_count_ != 10) return;
      reached_.set_value();
      released_.get_future().wait();
    };
    EngineConfig config = config_with_blocks(12);
    config.sequences_max = 1;
    config.queue_work_max_s = queue_work_max_s;
    engine_.emplace(model_, config);
    submit({});
    reached_.get_future().wait();
  }
  ~SlowEngineTest() override {
    released_.set_value();
    engine_.reset();
  }
  SubmitResult submit(std::chrono::milliseconds timeout) {
    return engine_->submit({.prompt = {1}, .tokens_max = 90, .timeout = timeout}, [](Event&&) {});
  }

  FakeModel model_{kVocab, 7};
  int forward_count_ = 0;
  std::promise<void> reached_, released_;
  std::optional<Engine> engine_;
};

TEST_F(SlowEngineTest, RefusesWorkBeyondWhatMayWaitButNeverTheFirstToWait) {
  start(0.01);
  EXPECT_EQ(submit({}).status, SubmitStatus::accepted);  // alone it is too much, but nobody is before it
  const SubmitResult refused = submit({});
  EXPECT_EQ(refused.status, SubmitStatus::queue_full);
  EXPECT_GE(refused.retry_after_s, 1);
  EXPECT_EQ(engine_->stats().requests_refused, 1u);
  EXPECT_EQ(engine_->stats().waiting, 1);
}

TEST_F(SlowEngineTest, RefusesWhoseDeadlineWillHavePassedBeforeItsTurn) {
  start(3600);
  EXPECT_EQ(submit(std::chrono::milliseconds(1)).status, SubmitStatus::accepted);  // nothing is before it
  EXPECT_EQ(submit(std::chrono::milliseconds(1)).status, SubmitStatus::queue_full);
  EXPECT_EQ(submit(std::chrono::hours(1)).status, SubmitStatus::accepted);
  EXPECT_EQ(submit({}).status, SubmitStatus::accepted);
  EXPECT_GT(engine_->stats().queue_work_s, 3 * 90 * 1e-3 / 2);
}

TEST(EngineLife, TakesTheLeastOfEverythingAndNothingLess) {
  FakeModel model(kVocab, 7);
  const EngineConfig least = {.context = 2, .sequences_max = 1, .batch_tokens_max = 1, .queue_max = 0};
  {
    EngineConfig config = config_with_blocks(1);
    config.context = least.context;
    config.sequences_max = least.sequences_max;
    config.batch_tokens_max = least.batch_tokens_max;
    config.queue_max = least.queue_max;
    Inbox inbox;  // outlives the engine
    Engine engine(model, config);
    const SubmitResult result = engine.submit({.prompt = {1}, .tokens_max = 1}, inbox.sink());
    ASSERT_EQ(result.status, SubmitStatus::accepted);
    EXPECT_EQ(inbox.completion(result.id).tokens.size(), 1u);
  }
  for (int EngineConfig::* field : {&EngineConfig::context, &EngineConfig::sequences_max,
                                    &EngineConfig::batch_tokens_max, &EngineConfig::queue_max}) {
    EngineConfig config = config_with_blocks(1);
    config.*field = least.*field - 1;
    EXPECT_THROW(Engine(model, config), Error);
  }
}

TEST(EngineLife, DrainFinishesWhatWasAcceptedAndRefusesTheRest) {
  FakeModel model(kVocab, 7);
  Inbox inbox;  // outlives the engine
  Engine engine(model, config_with_blocks(12));
  std::vector<RequestId> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(engine.submit({.prompt = {1, 2}, .tokens_max = 30}, inbox.sink()).id);
  EXPECT_TRUE(engine.drain(seconds(60)));
  for (const RequestId id : ids) EXPECT_EQ(inbox.count(id), 30u);
  EXPECT_EQ(engine.submit({.prompt = {1}}, inbox.sink()).status, SubmitStatus::stopping);
}

TEST(EngineLife, DrainGivesUpAfterItsTime) {
  FakeModel model(kVocab, 7);
  Gate gate(model);
  Inbox inbox;  // outlives the engine
  Engine engine(model, config_with_blocks(12));
  const RequestId id = engine.submit({.prompt = {1}, .tokens_max = 3}, inbox.sink()).id;
  EXPECT_FALSE(engine.drain(std::chrono::milliseconds(5)));
  EXPECT_EQ(inbox.count(id), 0u);
  gate.open();
  EXPECT_EQ(inbox.completion(id).finish, FinishReason::length);
}

TEST(EngineLife, ItsEndCancelsWhatIsUnfinished) {
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

TEST(EngineLife, AThrowingSinkCancelsItsRequestOnly) {
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

TEST(EngineLife, ASinkMaySubmitAndCancel) {
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

TEST(EngineLife, AFailingForwardFailsTheRequestsOfItsStepAndTheEngineGoesOn) {
  FakeModel model(kVocab, 7);
  int calls = 0;
  model.before_forward = [&](const Batch&) {
    if (++calls == 3) throw std::runtime_error("out of luck");
  };
  Inbox inbox;  // outlives the engine
  Engine engine(model, config_with_blocks(12));
  const auto events = inbox.wait_for_all(engine.submit({.prompt = {1}, .tokens_max = 9}, inbox.sink()).id);
  EXPECT_EQ(events.back().finish, FinishReason::error);
  EXPECT_EQ(events.back().error, "the model failed while it computed this request; the server's log says more");
  EXPECT_EQ(engine.stats().kv_blocks_used, 0);
  EXPECT_EQ(engine.stats().requests_failed, 1u);
  EXPECT_EQ(inbox.completion(engine.submit({.prompt = {1}, .tokens_max = 9}, inbox.sink()).id).tokens.size(), 9u);
}

// Nobody is kept waiting for what will never be computed: those behind the step end too, and no more are taken.
TEST(EngineLife, ALostDeviceEndsAllRequestsAndNoneIsTaken) {
  FakeModel model(kVocab, 7);
  std::atomic<bool> is_lost = false;
  std::latch both(1);  // are submitted
  model.before_forward = [&](const Batch&) {
    both.wait();
    if (is_lost) throw Error(ErrorCode::device_lost, "the card is gone");
  };
  Inbox inbox;  // outlives the engine
  EngineConfig config = config_with_blocks(12);
  config.sequences_max = 1;
  Engine engine(model, config);
  const RequestId runs = engine
                             .submit({.prompt = {1}, .tokens_max = 100},
                                     [&](Event&& event) {
                                       is_lost = is_lost || event.output_tokens == 3;
                                       inbox.sink()(std::move(event));
                                     })
                             .id;
  const RequestId waits = engine.submit({.prompt = {2}, .tokens_max = 9}, inbox.sink()).id;
  both.count_down();
  for (const RequestId id : {runs, waits}) {
    const auto events = inbox.wait_for_all(id);
    EXPECT_EQ(events.back().finish, FinishReason::error);
    EXPECT_FALSE(events.back().error.empty());
  }
  EXPECT_TRUE(engine.stats().is_lost);
  EXPECT_EQ(engine.stats().kv_blocks_used, 0);
  EXPECT_EQ(engine.submit({.prompt = {1}, .tokens_max = 9}, inbox.sink()).status, SubmitStatus::stopping);
}

}  // namespace
}  // namespace estoc
