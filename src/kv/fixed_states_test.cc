// States that do not grow and cannot be cut back: a block a sequence, kept at some positions for the prefix cache.
#include <gtest/gtest.h>

#include "kv/kv_manager.h"
#include "kv/test_tokens.h"

namespace estoc {
namespace {

// Group 0 holds keys and values of every position, group 1 states kept every 32 positions.
class FixedStates : public testing::Test {
 protected:
  static constexpr int kEvery = 32;

  void start(int states, bool has_prefix_cache = true) {
    manager_.emplace(std::vector<KvGroup>{{.block_count = 40}, {.block_count = states, .snapshot_every = kEvery}},
                     has_prefix_cache, PrefixHasher(HashKey{}));
  }
  int admit(SequenceKv& kv, const std::vector<TokenId>& tokens) {
    const int cached = manager_->cached_prefix(kv, tokens, "");
    EXPECT_TRUE(manager_->admit(kv, tokens, cached, static_cast<int>(tokens.size()), 0));
    return cached;
  }
  void compute(SequenceKv& kv, const std::vector<TokenId>& tokens, int begin, int end) {
    ASSERT_TRUE(manager_->grow(kv, begin, end));
    manager_->commit(kv, tokens, end);
  }
  BlockId state(const SequenceKv& kv) const { return kv.blocks(1)[0]; }
  void check(std::vector<const SequenceKv*> sequences) { manager_->check_integrity(sequences); }

  std::optional<KvManager> manager_;
};

TEST_F(FixedStates, ABlockASequenceOfAnyLength) {
  start(8);
  EXPECT_EQ(manager_->state_grain(), kEvery);
  EXPECT_FALSE(manager_->can_truncate());
  SequenceKv kv;
  const auto tokens = tokens_from(0, 100);
  EXPECT_EQ(admit(kv, tokens), 0);
  EXPECT_EQ(kv.blocks(1).size(), 1u);
  compute(kv, tokens, 0, 100);
  EXPECT_EQ(kv.blocks(1).size(), 1u);
  EXPECT_EQ(kv.blocks(0).size(), 7u);
  manager_->release(kv);
  check({});
}

TEST_F(FixedStates, GoesOnFromTheLastThatWasKept) {
  start(8);
  SequenceKv first, second, other;
  const auto tokens = tokens_from(0, 100);
  admit(first, tokens);
  compute(first, tokens, 0, 64);    // kept
  EXPECT_FALSE(manager_->is_writable(first, 64));
  compute(first, tokens, 64, 100);  // not at a place to keep one
  EXPECT_TRUE(manager_->is_writable(first, 100));
  EXPECT_EQ(manager_->copies().size(), 1u);
  const BlockCopy copy = manager_->copies().front();
  EXPECT_EQ(copy.group, 1);
  EXPECT_EQ(copy.to, state(first));
  manager_->copies().clear();

  // Six blocks of keys are there, but no state behind them but the one of 64 positions.
  EXPECT_EQ(admit(second, tokens), 64);
  EXPECT_EQ(state(second), copy.from);
  compute(second, tokens, 64, 100);
  ASSERT_EQ(manager_->copies().size(), 1u);
  EXPECT_EQ(manager_->copies().front().from, copy.from);
  EXPECT_NE(state(second), copy.from);
  check({&first, &second});

  // The kept state is found again after both have ended, and by a beginning that ends there.
  manager_->release(first);
  manager_->release(second);
  auto longer = tokens_from(0, 64);
  longer.push_back(7);
  EXPECT_EQ(manager_->cached_prefix(other, longer, ""), 64);
}

TEST_F(FixedStates, TheStateBehindTheLastTokenIsTooFar) {
  start(8);
  SequenceKv first, same;
  const auto tokens = tokens_from(0, 64);
  admit(first, tokens);
  compute(first, tokens, 0, 32);
  compute(first, tokens, 32, 64);
  // The last token's logits are wanted, so it has to be computed, from a state before it.
  EXPECT_EQ(manager_->cached_prefix(same, tokens, ""), 32);
}

TEST_F(FixedStates, WithoutRoomForACopyTheKeptOneIsGivenUp) {
  start(1);
  SequenceKv first, second;
  const auto tokens = tokens_from(0, 70);
  admit(first, tokens);
  compute(first, tokens, 0, 64);
  compute(first, tokens, 64, 70);
  EXPECT_TRUE(manager_->copies().empty());
  manager_->release(first);
  EXPECT_EQ(manager_->cached_prefix(second, tokens, ""), 0);
  check({});
}

TEST_F(FixedStates, TheLastFreeBlockIsRoomForACopy) {
  start(2);
  SequenceKv first, second;
  const auto tokens = tokens_from(0, 70);
  admit(first, tokens);
  compute(first, tokens, 0, 64);
  compute(first, tokens, 64, 70);
  EXPECT_EQ(manager_->copies().size(), 1u);
  EXPECT_EQ(manager_->cached_prefix(second, tokens, ""), 64);
  check({&first});
}

TEST_F(FixedStates, AnEndedSequencesStateIsKept) {
  start(1);
  SequenceKv first, second;
  const auto tokens = tokens_from(0, 70);
  admit(first, tokens);
  compute(first, tokens, 0, 64);
  manager_->release(first);
  EXPECT_EQ(manager_->cached_prefix(second, tokens, ""), 64);
}

TEST_F(FixedStates, IsForkedOnlyWhereItStands) {
  start(4);
  SequenceKv first, second;
  const auto tokens = tokens_from(0, 50);
  admit(first, tokens);
  compute(first, tokens, 0, 50);
  EXPECT_FALSE(manager_->can_fork(first, 49));
  ASSERT_TRUE(manager_->can_fork(first, 50));
  auto longer = tokens;
  longer.push_back(1);
  ASSERT_TRUE(manager_->fork(first, second, 50, 51, 0));
  EXPECT_EQ(state(first), state(second));
  const BlockId shared = state(first);
  ASSERT_TRUE(manager_->grow(second, 50, 51));
  EXPECT_EQ(state(first), shared);
  EXPECT_NE(state(second), shared);
  ASSERT_TRUE(manager_->grow(first, 50, 51));
  EXPECT_EQ(state(first), shared);  // nobody else has it now
  check({&first, &second});
}

TEST_F(FixedStates, AForkNeedsABlockToGoOnIn) {
  start(2);
  SequenceKv first, second, third;
  const auto tokens = tokens_from(0, 51);
  admit(first, tokens);
  compute(first, tokens, 0, 50);
  ASSERT_TRUE(manager_->fork(first, second, 50, 51, 0));
  ASSERT_TRUE(manager_->grow(second, 50, 51));
  EXPECT_FALSE(manager_->fork(first, third, 50, 51, 0));
  EXPECT_TRUE(third.is_empty());
  check({&first, &second});
}

TEST_F(FixedStates, NothingIsKeptWithoutAPrefixCache) {
  start(2, false);
  EXPECT_EQ(manager_->state_grain(), 0);
  SequenceKv first, second;
  const auto tokens = tokens_from(0, 70);
  admit(first, tokens);
  compute(first, tokens, 0, 64);
  compute(first, tokens, 64, 70);
  EXPECT_TRUE(manager_->copies().empty());
  EXPECT_EQ(manager_->cached_prefix(second, tokens, ""), 0);
}

TEST_F(FixedStates, TooFewBlocksIsAnOutcome) {
  start(1);
  SequenceKv first, second;
  admit(first, tokens_from(0, 20));
  manager_->cached_prefix(second, tokens_from(5, 20), "");
  EXPECT_FALSE(manager_->admit(second, tokens_from(5, 20), 0, 20, 0));
  EXPECT_TRUE(second.is_empty());
  check({&first});
}

}  // namespace
}  // namespace estoc
