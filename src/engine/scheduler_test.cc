#include "engine/scheduler.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

class SchedulerTest : public testing::Test {
 protected:
  void start(int blocks, const SchedulerLimits& limits) {
    pool_.emplace(blocks);
    scheduler_.emplace(*pool_, limits);
  }

  Sequence* add(int prompt_tokens, int prompt_logprobs = -1) {
    Request request{.prompt = std::vector<TokenId>(static_cast<size_t>(prompt_tokens), 1), .tokens_max = 1000};
    request.prompt_logprobs = prompt_logprobs;
    auto sequence = std::make_unique<Sequence>(++last_id_, std::move(request), [](Event&&) {}, 1);
    Sequence* const added = sequence.get();
    scheduler_->add(std::move(sequence));
    return added;
  }

  // (id, tokens) of the next step; then computes it.
  using Steps = std::vector<std::pair<RequestId, int>>;
  Steps step() {
    Steps steps;
    for (const auto& [sequence, tokens] : scheduler_->plan()) {
      steps.emplace_back(sequence->id, tokens);
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

  std::optional<BlockPool> pool_;
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
  EXPECT_EQ(scheduler_->ids(), (std::vector<RequestId>{2, 3}));
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
  EXPECT_EQ(pool_->used_count(), 0);
  EXPECT_TRUE(step().empty());
}

}  // namespace
}  // namespace estoc
