#include "engine/scheduler.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

class SchedulerTest : public testing::Test {
 protected:
  void start(int blocks, const SchedulerLimits& limits) { start({{.block_count = blocks}}, limits, false); }

  void start(const std::vector<KvGroup>& groups, const SchedulerLimits& limits, bool has_prefix_cache) {
    kv_.emplace(groups, has_prefix_cache, PrefixHasher(HashKey{}));
    scheduler_.emplace(*kv_, times_, limits);
  }

  Sequence* add(int prompt_tokens, int prompt_logprobs = -1) {
    Request request{.prompt = std::vector<TokenId>(static_cast<size_t>(prompt_tokens), 1), .tokens_max = 1000};
    request.prompt_logprobs = prompt_logprobs;
    return add(std::move(request));
  }

  Sequence* add(Request request) {
    auto sequence = std::make_unique<Sequence>(++last_id_, std::move(request), [](Event&&) {}, 1);
    Sequence* const added = sequence.get();
    added->submitted_at = now_ += std::chrono::milliseconds(1);
    scheduler_->add(std::move(sequence));
    return added;
  }

  // (id, tokens) of the next step; then computes it.
  using Steps = std::vector<std::pair<RequestId, int>>;
  Steps step() {
    Steps steps;
    const Plan& plan = scheduler_->plan(now_);
    kv_->end_step();
    for (const PlanEntry& entry : plan) {
      Sequence* const sequence = entry.sequence;
      const int tokens = entry.tokens;
      steps.emplace_back(sequence->id, tokens);
      kv_->commit(sequence->kv, sequence->tokens, sequence->computed + tokens);
      for (int i = 0; i < tokens; ++i) {
        const int position = sequence->computed++;
        if (!sequence->wants_logits(position)) continue;
        if (position + 1 < sequence->known()) {
          ++sequence->prompt_logprob_count;
        } else {
          sequence->append(2, 100000);
        }
      }
    }
    scheduler_->check_integrity();
    return steps;
  }

  std::vector<RequestId> ids() const {
    std::vector<RequestId> ids;
    scheduler_->for_each([&](const Sequence& sequence) { ids.push_back(sequence.id); });
    return ids;
  }

  StepTimeModel times_{
      {.step = 1e-12, .row = 1e-12, .logit_row = 1e-12, .read = 1e-15, .attended = 1e-15}};  // time plays no part
  Clock::time_point now_ = Clock::now();
  std::optional<KvManager> kv_;
  std::optional<Scheduler> scheduler_;
  RequestId last_id_ = 0;
};

TEST_F(SchedulerTest, SplitsAPromptOverStepsAndLetsDecodesGoFirst) {
  start(100, {.sequences_max = 8, .batch_tokens_max = 10, .logit_rows_max = 8});
  add(4);
  EXPECT_EQ(step(), (Steps{{1, 4}}));
  add(25);
  add(3);
  EXPECT_EQ(step(), (Steps{{1, 1}, {2, 9}}));
  EXPECT_EQ(step(), (Steps{{1, 1}, {2, 9}}));
  EXPECT_EQ(step(), (Steps{{1, 1}, {2, 7}, {3, 2}}));
  EXPECT_EQ(step(), (Steps{{1, 1}, {2, 1}, {3, 1}}));
}

TEST_F(SchedulerTest, AdmitsFirstComeFirstServedUpToItsSequences) {
  start(100, {.sequences_max = 2, .batch_tokens_max = 100, .logit_rows_max = 2});
  for (int i = 0; i < 4; ++i) add(5);
  EXPECT_EQ(step(), (Steps{{1, 5}, {2, 5}}));
  EXPECT_EQ(scheduler_->waiting_count(), 2);
  EXPECT_NE(scheduler_->remove(1), nullptr);
  EXPECT_EQ(step(), (Steps{{2, 1}, {3, 5}}));
}

TEST_F(SchedulerTest, ASmallRequestDoesNotOvertakeABigOne) {
  start(4, {.sequences_max = 8, .batch_tokens_max = 100, .logit_rows_max = 8});
  add(30);
  EXPECT_EQ(step(), (Steps{{1, 30}}));
  add(40);  // 3 blocks, 2 are free
  add(1);
  EXPECT_EQ(step(), (Steps{{1, 1}}));
  EXPECT_EQ(scheduler_->waiting_count(), 2);
}

TEST_F(SchedulerTest, ANewcomerLeavesABlockToEachRunningSequence) {
  start(3, {.sequences_max = 8, .batch_tokens_max = 100, .logit_rows_max = 8});
  add(16);
  add(16);
  add(16);
  EXPECT_EQ(step(), (Steps{{1, 16}, {2, 16}}));  // the last block is the spare one
}

// As below, but what was computed is kept meanwhile.
TEST_F(SchedulerTest, PreemptsTheNewestIntoTheSwapSpace) {
  start({{.block_count = 4, .slot_count = 2}}, {.sequences_max = 8, .batch_tokens_max = 100, .logit_rows_max = 8},
        false);
  add(31);
  Sequence* const newest = add(15);
  step();
  step();
  EXPECT_EQ(step(), (Steps{{1, 1}}));
  EXPECT_EQ(scheduler_->preemption_count(), 1u);
  EXPECT_EQ(scheduler_->kept_count(), 1u);
  EXPECT_EQ(newest->computed, 16);
  EXPECT_EQ(kv_->slots_used(), 1);
  EXPECT_EQ(step(), (Steps{{1, 1}}));  // two blocks would have to be free, and one more be spare
  EXPECT_EQ(newest->computed, 16);
  EXPECT_NE(scheduler_->remove(1), nullptr);
  add(10);
  EXPECT_EQ(step(), (Steps{{3, 10}}));  // the other only comes in
  EXPECT_EQ(kv_->slots_used(), 0);
  EXPECT_EQ(scheduler_->swapped(), std::vector<RequestId>{2});
  EXPECT_EQ(step(), (Steps{{2, 1}, {3, 1}}));
  EXPECT_EQ(kv_->swapped_in(), 1u);
}

TEST_F(SchedulerTest, AStepWaitsForWhoComesInWhereNobodyElseHasAnythingToDo) {
  start({{.block_count = 4, .slot_count = 2}}, {.sequences_max = 8, .batch_tokens_max = 100, .logit_rows_max = 8},
        false);
  add(31);
  add(15);
  for (int i = 0; i < 3; ++i) step();
  EXPECT_NE(scheduler_->remove(1), nullptr);
  EXPECT_EQ(step(), (Steps{{2, 1}}));
}

TEST_F(SchedulerTest, WhoseCallerLeavesTheSwapSpaceFreesItsSlots) {
  start({{.block_count = 4, .slot_count = 2}}, {.sequences_max = 8, .batch_tokens_max = 100, .logit_rows_max = 8},
        false);
  add(31);
  add(15);
  for (int i = 0; i < 3; ++i) step();
  EXPECT_EQ(kv_->slots_used(), 1);
  EXPECT_NE(scheduler_->remove(2), nullptr);
  EXPECT_EQ(kv_->slots_used(), 0);
  scheduler_->check_integrity();
}

TEST_F(SchedulerTest, WithoutRoomInTheSwapSpaceItIsComputedAgain) {
  start({{.block_count = 6, .slot_count = 1}}, {.sequences_max = 8, .batch_tokens_max = 100, .logit_rows_max = 8},
        false);
  add(31);
  Sequence* const newest = add(31);
  for (int i = 0; i < 3; ++i) step();  // both have 33 tokens, in three blocks
  for (int i = 0; i < 15; ++i) step();
  EXPECT_EQ(step(), (Steps{{1, 1}}));
  EXPECT_EQ(scheduler_->preemption_count(), 1u);
  EXPECT_EQ(scheduler_->kept_count(), 0u);
  EXPECT_EQ(newest->computed, 0);
}

TEST_F(SchedulerTest, PreemptsTheNewestAndComputesItAgain) {
  start(4, {.sequences_max = 8, .batch_tokens_max = 100, .logit_rows_max = 8});
  add(31);
  Sequence* const newest = add(15);
  EXPECT_EQ(step(), (Steps{{1, 31}, {2, 15}}));
  EXPECT_EQ(step(), (Steps{{1, 1}, {2, 1}}));  // 32 and 16 positions
  EXPECT_EQ(step(), (Steps{{1, 1}}));          // the 33rd takes the fourth block; nothing is left for the other's 17th
  EXPECT_EQ(scheduler_->preemption_count(), 1u);
  EXPECT_EQ(newest->computed, 0);
  EXPECT_EQ(newest->known(), 17);
  EXPECT_EQ(scheduler_->waiting_count(), 1);
  EXPECT_NE(scheduler_->remove(1), nullptr);
  EXPECT_EQ(step(), (Steps{{2, 17}}));
}

TEST_F(SchedulerTest, ThePreemptedSequenceIsFirstInTheQueue) {
  start(2, {.sequences_max = 8, .batch_tokens_max = 100, .logit_rows_max = 8});
  add(16);
  EXPECT_EQ(step(), (Steps{{1, 16}}));
  EXPECT_EQ(step(), (Steps{{1, 1}}));
  add(1);
  add(1);
  EXPECT_EQ(step(), (Steps{{1, 1}}));
  EXPECT_NE(scheduler_->remove(1), nullptr);
  EXPECT_EQ(step(), (Steps{{2, 1}}));
  for (int i = 0; i < 15; ++i) step();  // both sequences fill a block
  EXPECT_EQ(step().front().first, 2u);
  EXPECT_EQ(ids(), (std::vector<RequestId>{2, 3}));
}

TEST_F(SchedulerTest, ATightRowBudgetStillServesEveryone) {
  start(100, {.sequences_max = 4, .batch_tokens_max = 2, .logit_rows_max = 2});
  add(1);
  add(1);
  add(3);
  EXPECT_EQ(step(), (Steps{{1, 1}, {2, 1}}));
  EXPECT_EQ(step(), (Steps{{1, 1}, {2, 1}}));
  EXPECT_NE(scheduler_->remove(1), nullptr);
  EXPECT_EQ(step(), (Steps{{2, 1}, {3, 1}}));
  EXPECT_EQ(step(), (Steps{{2, 1}, {3, 1}}));
}

TEST_F(SchedulerTest, APromptWithLogprobsIsFedInChunksOfLogitRows) {
  start(100, {.sequences_max = 4, .batch_tokens_max = 100, .logit_rows_max = 4});
  add(10, 0);
  add(5);
  EXPECT_EQ(step(), (Steps{{1, 4}, {2, 4}}));  // no logit row is left for the second one's last token
  EXPECT_EQ(step(), (Steps{{2, 1}, {1, 3}}));
  EXPECT_EQ(step(), (Steps{{2, 1}, {1, 3}}));
  EXPECT_EQ(step(), (Steps{{1, 1}, {2, 1}}));
}

TEST_F(SchedulerTest, RemovesWaitingAndRunningSequences) {
  start(10, {.sequences_max = 1, .batch_tokens_max = 100, .logit_rows_max = 1});
  add(20);
  add(20);
  step();
  EXPECT_NE(scheduler_->remove(2), nullptr);
  EXPECT_NE(scheduler_->remove(1), nullptr);
  EXPECT_EQ(scheduler_->remove(1), nullptr);
  EXPECT_TRUE(scheduler_->is_idle());
  EXPECT_EQ(kv_->used_count(), 0);
  EXPECT_TRUE(step().empty());
}

// A row takes a millisecond, as far as the scheduler knows.
class TimedSchedulerTest : public SchedulerTest {
 protected:
  TimedSchedulerTest() {
    times_ = StepTimeModel({.step = 1e-9, .row = 1e-3, .logit_row = 1e-9, .read = 1e-12, .attended = 1e-12});
  }
  static constexpr SchedulerLimits kLimits = {.sequences_max = 8,
                                              .batch_tokens_max = 1000,
                                              .logit_rows_max = 8,
                                              .decode_step_s = 0.0501,
                                              .idle_step_s = 0.1001};
};

TEST_F(TimedSchedulerTest, APromptTakesWhatTheStepsTimeAllows) {
  start(1000, kLimits);
  add(150);
  EXPECT_EQ(step(), (Steps{{1, 96}}));  // whole blocks of 100 ms
  EXPECT_EQ(step(), (Steps{{1, 54}}));
  add(150);
  EXPECT_EQ(step(), (Steps{{1, 1}, {2, 48}}));  // 50 ms while somebody decodes
}

TEST_F(TimedSchedulerTest, AFewTokensMoreAreNotLeftToAStepOfTheirOwn) {
  start(1000, kLimits);
  add(125);
  EXPECT_EQ(step(), (Steps{{1, 125}}));
}

TEST_F(TimedSchedulerTest, AStepIsAsShortAsThePromptsAtHandAllow) {
  SchedulerLimits limits = kLimits;
  limits.target_ttft_s = 1.0;
  start(1000, limits);
  for (int i = 0; i < 8; ++i) add(1);
  step();
  scheduler_->remove(8);
  add(100);
  EXPECT_EQ(step().back(), (std::pair<RequestId, int>(9, 16)));  // 40 % of 50 ms, 7 for decoding; at least 16
  now_ += std::chrono::milliseconds(950);
  EXPECT_EQ(step().back(), (std::pair<RequestId, int>(9, 32)));  // late: half of it, up to a whole block
}

TEST_F(TimedSchedulerTest, StepsOfOnePromptAreEquallyLong) {
  start(1000, kLimits);
  add(1);
  step();
  add(96);  // more than fits into one step
  EXPECT_EQ(step().back(), (std::pair<RequestId, int>(2, 48)));
  EXPECT_EQ(step().back(), (std::pair<RequestId, int>(2, 48)));
}

TEST_F(TimedSchedulerTest, AStepOf50MsTakesTheLastFewTokensToo) {
  start(1000, kLimits);
  add(1);
  step();
  add(54);
  EXPECT_EQ(step().back(), (std::pair<RequestId, int>(2, 54)));
}

TEST_F(TimedSchedulerTest, NobodyIsAdmittedWhoWouldSlowDecodingBelowItsTarget) {
  SchedulerLimits limits = kLimits;
  limits.decode_step_s = 1e-6;
  start(1000, limits);
  add(5);
  step();
  add(100);
  EXPECT_EQ(step(), (Steps{{1, 1}}));  // admitting would slow it down
  EXPECT_NE(scheduler_->remove(1), nullptr);
  EXPECT_EQ(step(), (Steps{{2, 100}}));
}

TEST_F(TimedSchedulerTest, AShortPromptOvertakesALongOneOfTheSameTime) {
  start(1000, kLimits);
  add(900);
  EXPECT_EQ(step(), (Steps{{1, 96}}));
  add(20);
  EXPECT_EQ(step(), (Steps{{2, 20}, {1, 80}}));
}

TEST_F(TimedSchedulerTest, ALongPromptIsDueInTheEnd) {
  start(1000, kLimits);
  add(300);
  EXPECT_EQ(step(), (Steps{{1, 96}}));
  now_ += std::chrono::seconds(1);
  add(20);
  EXPECT_EQ(step().front().first, 1u);
}

TEST_F(TimedSchedulerTest, APromptIsDueInTimeForItsDeadline) {
  start(1000, kLimits);
  const auto due_after = [&](int tokens, std::chrono::milliseconds timeout) {
    Request request{.prompt = std::vector<TokenId>(static_cast<size_t>(tokens), 1), .tokens_max = 1000};
    request.timeout = timeout;
    const Sequence* const added = add(std::move(request));
    return std::chrono::duration<double>(added->due_at - added->submitted_at).count();
  };
  EXPECT_NEAR(due_after(100, {}), 0.3, 1e-3);                               // three times its 100 ms
  EXPECT_NEAR(due_after(100, std::chrono::milliseconds(250)), 0.15, 1e-3);  // to be ready at its deadline
  EXPECT_NEAR(due_after(100, std::chrono::milliseconds(5000)), 0.3, 1e-3);  // the earlier of the two
  EXPECT_NEAR(due_after(100, std::chrono::milliseconds(50)), -0.05, 1e-3);  // it has no time to lose
}

TEST_F(SchedulerTest, ABetterClassGoesFirstAndIsPreemptedLast) {
  start(4, {.sequences_max = 8, .batch_tokens_max = 100, .logit_rows_max = 8});
  const auto add_of_class = [&](int tokens, int priority) {
    Request request{.prompt = std::vector<TokenId>(static_cast<size_t>(tokens), 1), .tokens_max = 1000};
    request.priority = priority;
    return add(std::move(request));
  };
  add_of_class(15, 5);
  add_of_class(31, -1);
  EXPECT_EQ(step(), (Steps{{2, 31}, {1, 15}}));
  EXPECT_EQ(step(), (Steps{{2, 1}, {1, 1}}));
  EXPECT_EQ(step(), (Steps{{2, 1}}));  // the 33rd position takes the last block, the older one's 17th finds none
  EXPECT_EQ(scheduler_->find(1)->preemption_count, 1);
}

TEST_F(SchedulerTest, ClientsTakeTurnsByWhatTheyHaveHad) {
  start(100, {.sequences_max = 1, .batch_tokens_max = 100, .logit_rows_max = 1});
  const auto add_of = [&](const char* client) {
    Request request{.prompt = std::vector<TokenId>(20, 1), .tokens_max = 1};
    request.client = client;
    return add(std::move(request));
  };
  for (int i = 0; i < 3; ++i) add_of("busy");
  for (int i = 0; i < 2; ++i) add_of("quiet");
  std::vector<RequestId> order;
  while (!scheduler_->is_idle()) {
    const RequestId id = step().front().first;
    order.push_back(id);
    EXPECT_NE(scheduler_->remove(id), nullptr);
  }
  EXPECT_EQ(order, (std::vector<RequestId>{1, 4, 2, 5, 3}));
}

TEST_F(SchedulerTest, WhoHasWaitedLongGoesBeforeEveryClass) {
  start(100, {.sequences_max = 1, .batch_tokens_max = 100, .logit_rows_max = 1});
  const auto add_of_class = [&](int priority) {
    Request request{.prompt = {1}, .tokens_max = 1};
    request.priority = priority;
    return add(std::move(request));
  };
  add_of_class(9);
  add_of_class(0);
  add_of_class(0)->submitted_at += WaitingQueue::kAgeingLimit;
  now_ += WaitingQueue::kAgeingLimit;
  EXPECT_EQ(step().front().first, 1u);
}

TEST_F(SchedulerTest, AnEqualBeginningIsComputedOnce) {
  start({{.block_count = 100}}, {.sequences_max = 8, .batch_tokens_max = 64, .logit_rows_max = 8}, true);
  add(100);
  add(100);
  add(70);
  EXPECT_EQ(step(), (Steps{{1, 64}}));
  EXPECT_EQ(step(), (Steps{{1, 36}, {3, 6}}));  // 64 are cached; the second waits for 32 more
  EXPECT_EQ(step(), (Steps{{1, 1}, {3, 1}, {2, 4}}));
  EXPECT_EQ(scheduler_->prefix_tokens_cached(), 64u + 96u);
  EXPECT_EQ(scheduler_->prefix_tokens(), 100u + 100u + 70u);  // of which those were found
}

// A prompt of fewer blocks than would have to be common is not one to wait for.
TEST_F(SchedulerTest, NobodyWaitsForABeginningThatTheOtherDoesNotHave) {
  start({{.block_count = 100}}, {.sequences_max = 8, .batch_tokens_max = 40, .logit_rows_max = 8}, true);
  add(30);
  add(100);
  EXPECT_EQ(step(), (Steps{{1, 30}, {2, 10}}));
}

TEST_F(SchedulerTest, WhoWaitsForMemoryIsNotLookedUpAnew) {
  start({{.block_count = 100}}, {.sequences_max = 8, .batch_tokens_max = 2000, .logit_rows_max = 8}, true);
  add(1000);
  step();
  add(1700);  // its first 62 blocks are cached, but the rest has no room
  step();
  EXPECT_EQ(scheduler_->waiting_count(), 1);
  const uint64_t before = kv_->lookup_count();
  for (int i = 0; i < 8; ++i) step();
  EXPECT_EQ(scheduler_->waiting_count(), 1);
  EXPECT_LE(kv_->lookup_count(), before + 8 + 1);  // a block has been filled meanwhile
}

TEST_F(SchedulerTest, OtherSaltsShareNothing) {
  start({{.block_count = 100}}, {.sequences_max = 8, .batch_tokens_max = 200, .logit_rows_max = 8}, true);
  add(50);
  Request other{.prompt = std::vector<TokenId>(50, 1), .tokens_max = 1000};
  other.cache_salt = "other";
  add(std::move(other));
  EXPECT_EQ(step(), (Steps{{1, 50}, {2, 50}}));
}

TEST_F(SchedulerTest, AnotherSampleOfAPromptSharesItsLastBlockUntilItWrites) {
  start({{.block_count = 100}}, {.sequences_max = 8, .batch_tokens_max = 200, .logit_rows_max = 8}, true);
  Sequence* const first = add(40);
  Request request{.prompt = std::vector<TokenId>(40, 1), .tokens_max = 1000};
  request.fork_of = first->id;
  Sequence* const second = add(std::move(request));
  EXPECT_EQ(step(), (Steps{{1, 40}}));
  EXPECT_EQ(step(), (Steps{{1, 1}, {2, 1}}));
  EXPECT_EQ(first->kv.blocks(0)[1], second->kv.blocks(0)[1]);
  EXPECT_NE(first->kv.blocks(0)[2], second->kv.blocks(0)[2]);
  EXPECT_EQ(second->cached_count, 39);
}

// A step of four rows: guesses take what no other sequence's token needs.
TEST_F(SchedulerTest, GuessesTakeTheRowsThatAreLeft) {
  start(100, {.sequences_max = 2, .batch_tokens_max = 4, .logit_rows_max = 4});
  Sequence* const first = add(2);
  EXPECT_EQ(step(), (Steps{{1, 2}}));
  const auto drafts_planned = [&] {
    first->drafts.assign(9, 2);
    const Plan& plan = scheduler_->plan(now_);
    EXPECT_EQ(plan.front().sequence, first);
    const int drafts = plan.front().drafts;
    kv_->truncate(first->kv, first->computed);
    return drafts;
  };
  EXPECT_EQ(drafts_planned(), 3);
  first->drafts.clear();
  add(2);
  EXPECT_EQ(step(), (Steps{{1, 1}, {2, 2}}));
  EXPECT_EQ(drafts_planned(), 2);
  first->request.tokens_max = first->output_count() + 2;  // the token itself and one guess
  EXPECT_EQ(drafts_planned(), 1);
  first->request.tokens_max = first->output_count() + 1;
  EXPECT_EQ(drafts_planned(), 0);
}

TEST_F(SchedulerTest, PrefillFirstLetsDecodesWait) {
  start(100,
        {.sequences_max = 8, .batch_tokens_max = 10, .logit_rows_max = 8, .policy = SchedulePolicy::prefill_first});
  add(4);
  EXPECT_EQ(step(), (Steps{{1, 4}}));
  add(25);
  EXPECT_EQ(step(), (Steps{{2, 10}}));
  EXPECT_EQ(step(), (Steps{{2, 10}}));
  EXPECT_EQ(step(), (Steps{{2, 5}}));
  EXPECT_EQ(step(), (Steps{{1, 1}, {2, 1}}));
}

}  // namespace
}  // namespace estoc
