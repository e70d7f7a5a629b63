// Sequences that go to the swap space and come back: their blocks, and what these hold.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "kv/kv_manager.h"
#include "kv/test_tokens.h"

namespace estoc {
namespace {

class KvSwap : public testing::Test {
 protected:
  void start(const std::vector<KvGroup>& groups, bool has_prefix_cache = true) {
    manager_.emplace(groups, has_prefix_cache, PrefixHasher(HashKey{}));
  }
  void compute(SequenceKv& kv, const std::vector<TokenId>& tokens) {
    const int cached = manager_->cached_prefix(kv, tokens, "");
    const auto end = static_cast<int>(tokens.size());
    ASSERT_TRUE(manager_->admit(kv, tokens, cached, end, 0));
    ASSERT_TRUE(manager_->grow(kv, cached, end));
    manager_->end_step();
    manager_->commit(kv, tokens, end);
  }
  void check(std::vector<const SequenceKv*> sequences) { manager_->check_integrity(sequences); }

  std::optional<KvManager> manager_;
};

TEST_F(KvSwap, AllThatWasComputedGoesAndComesBack) {
  start({{.block_count = 4, .slot_count = 4}}, false);
  SequenceKv kv;
  const auto tokens = tokens_from(0, 40);
  compute(kv, tokens);
  const auto blocks = std::vector(kv.blocks(0).begin(), kv.blocks(0).end());
  ASSERT_TRUE(manager_->swap_out(kv, tokens));
  EXPECT_TRUE(kv.is_empty());
  EXPECT_TRUE(kv.is_swapped());
  EXPECT_EQ(manager_->used_count(), 0);
  EXPECT_EQ(manager_->slots_used(), 3);
  ASSERT_EQ(manager_->swaps().outs.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(manager_->swaps().outs[i].block, blocks[i]);
  const auto outs = manager_->swaps().outs;
  check({&kv});
  manager_->end_step();
  EXPECT_EQ(manager_->swapped_out(), 3u);

  ASSERT_TRUE(manager_->swap_in(kv, tokens, 64, 0));
  EXPECT_FALSE(kv.is_swapped());
  EXPECT_TRUE(manager_->is_arriving(kv));
  EXPECT_FALSE(manager_->can_fork(kv, 39));
  EXPECT_EQ(kv.blocks(0).size(), 4u);
  EXPECT_EQ(manager_->slots_used(), 0);
  ASSERT_EQ(manager_->swaps().ins.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(manager_->swaps().ins[i].slot, outs[i].slot);
    EXPECT_EQ(manager_->swaps().ins[i].block, kv.blocks(0)[i]);
  }
  manager_->end_step();
  EXPECT_FALSE(manager_->is_arriving(kv));
  EXPECT_TRUE(manager_->can_fork(kv, 39));
  check({&kv});
}

TEST_F(KvSwap, OnlyWhatWasComputedIsCopied) {
  start({{.block_count = 8, .slot_count = 8}});
  SequenceKv kv;
  const auto tokens = tokens_from(0, 100);
  manager_->cached_prefix(kv, tokens, "");
  ASSERT_TRUE(manager_->admit(kv, tokens, 0, 100, 0));
  EXPECT_FALSE(manager_->swap_out(kv, tokens));  // nothing was
  ASSERT_TRUE(manager_->grow(kv, 0, 20));
  manager_->commit(kv, tokens, 20);
  ASSERT_TRUE(manager_->swap_out(kv, tokens));
  EXPECT_EQ(manager_->swaps().outs.size(), 2u);
  EXPECT_EQ(manager_->used_count(), 0);
}

TEST_F(KvSwap, TooLittleRoomIsAnOutcomeThatChangesNothing) {
  start({{.block_count = 4, .slot_count = 2}, {.block_count = 4, .slot_count = 4}});
  SequenceKv kv;
  const auto tokens = tokens_from(0, 40);
  compute(kv, tokens);
  EXPECT_FALSE(manager_->swap_out(kv, tokens));
  EXPECT_EQ(kv.blocks(0).size(), 3u);
  EXPECT_TRUE(manager_->swaps().outs.empty());
  check({&kv});
}

TEST_F(KvSwap, WithoutASwapSpaceNobodyIsSwapped) {
  start({{.block_count = 4}});
  SequenceKv kv;
  const auto tokens = tokens_from(0, 40);
  compute(kv, tokens);
  EXPECT_FALSE(manager_->swap_out(kv, tokens));
}

TEST_F(KvSwap, ComingBackLeavesTheSpareBlocks) {
  start({{.block_count = 4, .slot_count = 4}}, false);
  SequenceKv kv;
  const auto tokens = tokens_from(0, 40);
  compute(kv, tokens);
  ASSERT_TRUE(manager_->swap_out(kv, tokens));
  manager_->end_step();
  EXPECT_FALSE(manager_->swap_in(kv, tokens, 40, 2));
  EXPECT_TRUE(kv.is_swapped());
  EXPECT_TRUE(manager_->swaps().ins.empty());
  EXPECT_TRUE(manager_->swap_in(kv, tokens, 40, 1));
  check({&kv});
}

TEST_F(KvSwap, ABlockOfSeveralSequencesIsCopiedOnce) {
  start({{.block_count = 10, .slot_count = 10}});
  SequenceKv first, second;
  auto tokens = tokens_from(0, 40);
  auto other = tokens_from(0, 40);
  other[35] = 7;
  compute(first, tokens);
  compute(second, other);
  EXPECT_EQ(manager_->used_count(), 4);  // two are shared
  ASSERT_TRUE(manager_->swap_out(first, tokens));
  EXPECT_EQ(manager_->swaps().outs.size(), 3u);
  EXPECT_EQ(manager_->used_count(), 3);  // the second still has all of its own
  ASSERT_TRUE(manager_->swap_out(second, other));
  EXPECT_EQ(manager_->swaps().outs.size(), 4u);
  EXPECT_EQ(manager_->slots_used(), 4);
  check({&first, &second});
  manager_->end_step();
  manager_->release(first);  // its caller has left
  EXPECT_EQ(manager_->slots_used(), 3);
  ASSERT_TRUE(manager_->swap_in(second, other, 40, 0));
  check({&second});
  EXPECT_EQ(manager_->slots_used(), 0);
}

TEST_F(KvSwap, WhatStillIsThereIsNotCopiedBack) {
  start({{.block_count = 10, .slot_count = 10}});
  SequenceKv kv;
  const auto tokens = tokens_from(0, 40);
  compute(kv, tokens);
  const auto blocks = std::vector(kv.blocks(0).begin(), kv.blocks(0).end());
  ASSERT_TRUE(manager_->swap_out(kv, tokens));
  manager_->end_step();
  ASSERT_TRUE(manager_->swap_in(kv, tokens, 40, 0));
  EXPECT_EQ(manager_->swaps().ins.size(), 1u);  // the last, which is not full and has no name
  EXPECT_EQ(kv.blocks(0)[0], blocks[0]);
  EXPECT_EQ(kv.blocks(0)[1], blocks[1]);
  check({&kv});
}

TEST_F(KvSwap, WhatStillIsInTheSwapSpaceIsNotCopiedAgain) {
  start({{.block_count = 10, .slot_count = 10}});
  SequenceKv kv;
  auto tokens = tokens_from(0, 40);
  compute(kv, tokens);
  ASSERT_TRUE(manager_->swap_out(kv, tokens));
  manager_->end_step();
  ASSERT_TRUE(manager_->swap_in(kv, tokens, 64, 0));
  manager_->end_step();
  tokens = tokens_from(0, 60);
  ASSERT_TRUE(manager_->grow(kv, 40, 60));
  manager_->commit(kv, tokens, 60);
  ASSERT_TRUE(manager_->swap_out(kv, tokens));
  EXPECT_EQ(manager_->swaps().outs.size(), 2u);  // the third and the fourth
  check({&kv});
}

TEST_F(KvSwap, WhatComesInIsFoundOnlyWhenItIsThere) {
  start({{.block_count = 3, .slot_count = 3}});
  SequenceKv kv, other, reader;
  auto tokens = tokens_from(0, 40);
  compute(kv, tokens);
  ASSERT_TRUE(manager_->swap_out(kv, tokens));
  manager_->end_step();
  compute(other, tokens_from(500, 40));  // takes all blocks
  manager_->release(other);
  EXPECT_EQ(manager_->cached_prefix(reader, tokens, ""), 0);
  ASSERT_TRUE(manager_->swap_in(kv, tokens, 40, 0));
  EXPECT_EQ(manager_->swaps().ins.size(), 3u);
  EXPECT_EQ(manager_->cached_prefix(reader, tokens, ""), 0);
  manager_->end_step();
  tokens.push_back(3);
  manager_->commit(kv, tokens, 41);
  EXPECT_EQ(manager_->cached_prefix(reader, tokens, ""), 32);
  manager_->release(kv);
  check({});
}

TEST_F(KvSwap, ACopyThatFailedIsFoundByNobody) {
  start({{.block_count = 10, .slot_count = 10}});
  SequenceKv kv, again;
  const auto tokens = tokens_from(0, 40);
  compute(kv, tokens);
  ASSERT_TRUE(manager_->swap_out(kv, tokens));
  manager_->forget_swaps();
  manager_->release(kv);
  manager_->end_step();
  EXPECT_EQ(manager_->slots_used(), 0);
  compute(again, tokens);
  ASSERT_TRUE(manager_->swap_out(again, tokens));
  EXPECT_EQ(manager_->swaps().outs.size(), 3u);
  check({&again});
}

// Sequences that are admitted, forked, computed, swapped and released at random, in memory that is kept beside the
// manager: whatever a sequence reads is what was written for it.
class SwapModel {
 public:
  SwapModel(uint32_t seed, bool has_prefix_cache)
      : random_(seed), manager_(kGroups, has_prefix_cache, PrefixHasher(HashKey{})) {
    for (const KvGroup& group : kGroups) {
      memory_.emplace_back(static_cast<size_t>(group.block_count));
      space_.emplace_back(static_cast<size_t>(group.slot_count));
    }
  }

  void run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) plan_and_run();
    while (!sequences_.empty()) end_one();
    manager_.check_integrity({});
    EXPECT_EQ(manager_.used_count(), 0);
    EXPECT_EQ(manager_.slots_used(), 0);
  }

  const KvManager& manager() const { return manager_; }
  int comebacks() const { return comebacks_; }

 private:
  // Every position, a window, a state.
  static inline const std::vector<KvGroup> kGroups = {
      {.block_count = 24, .slot_count = 30},
      {.window = 20, .block_count = 20, .read_grain = 16, .ahead = 32, .slot_count = 20},
      {.block_count = 8, .snapshot_every = 32, .slot_count = 6}};

  using Content = std::vector<TokenId>;  // sixteen, or of a state all before it
  struct Running {
    std::vector<TokenId> tokens;
    int computed = 0, next = 0;  // `next` of them in this step
    SequenceKv kv;
  };

  void plan_and_run() {
    for (auto& sequence : sequences_) sequence->next = 0;
    if (random_() % 4 == 0 && !sequences_.empty()) end_one();
    bool has_gone = false;
    for (auto& sequence : sequences_) {
      if (sequence->kv.is_empty() || random_() % 6 != 0) continue;
      if (!manager_.swap_out(sequence->kv, sequence->tokens)) give_up(*sequence);
      has_gone = true;
    }
    for (auto& sequence : sequences_) plan(*sequence, has_gone);
    if (!has_gone && sequences_.size() < 7) begin_one();
    run_step();
    std::vector<const SequenceKv*> all;
    for (auto& sequence : sequences_) all.push_back(&sequence->kv);
    manager_.check_integrity(all);
  }

  void give_up(Running& sequence) {
    manager_.release(sequence.kv);
    sequence.computed = 0;
  }

  void plan(Running& sequence, bool has_gone) {
    const auto size = static_cast<int>(sequence.tokens.size());
    if (sequence.kv.is_swapped()) {
      if (!has_gone && manager_.swap_in(sequence.kv, sequence.tokens, size, 0)) ++comebacks_;
      return;
    }
    if (sequence.kv.is_empty()) {
      const int cached = manager_.cached_prefix(sequence.kv, sequence.tokens, "");
      if (has_gone || !manager_.admit(sequence.kv, sequence.tokens, cached, size, 0)) return;
      sequence.computed = cached;
    }
    if (manager_.is_arriving(sequence.kv)) return;
    if (sequence.computed == size) sequence.tokens.push_back(static_cast<TokenId>(random_() % 9));
    const int left = static_cast<int>(sequence.tokens.size()) - sequence.computed;
    int next = std::min(left, 1 + static_cast<int>(random_() % 30));
    const int grain = manager_.state_grain(), end = sequence.computed + next;
    if (grain > 0 && end - end % grain > sequence.computed) next = end - end % grain - sequence.computed;
    if (manager_.grow(sequence.kv, sequence.computed, sequence.computed + next)) sequence.next = next;
  }

  void begin_one() {
    auto sequence = std::make_unique<Running>();
    Running* sibling = sequences_.empty() ? nullptr : sequences_[random_() % sequences_.size()].get();
    if (sibling != nullptr && sibling->next == 0 && sibling->computed > 0 && random_() % 3 == 0 &&
        manager_.can_fork(sibling->kv, sibling->computed)) {
      sequence->tokens.assign(sibling->tokens.begin(), sibling->tokens.begin() + sibling->computed);
      sequence->tokens.push_back(static_cast<TokenId>(random_() % 9));
      manager_.cached_prefix(sequence->kv, sequence->tokens, "");
      const auto size = static_cast<int>(sequence->tokens.size());
      if (manager_.fork(sibling->kv, sequence->kv, sibling->computed, size, 0)) {
        sequence->computed = sibling->computed;
        plan(*sequence, false);
      }
    } else {
      sequence->tokens = tokens_from(static_cast<int>(random_() % 3) * 1000, 1 + static_cast<int>(random_() % 90));
    }
    sequences_.push_back(std::move(sequence));
  }

  void end_one() {
    const size_t i = random_() % sequences_.size();
    manager_.release(sequences_[i]->kv);
    sequences_.erase(sequences_.begin() + static_cast<std::ptrdiff_t>(i));
  }

  void copy_in() {
    for (const SwapCopy& copy : manager_.swaps().ins) {
      memory_[static_cast<size_t>(copy.group)][copy.block] = space_[static_cast<size_t>(copy.group)][copy.slot];
    }
  }

  void run_step() {
    for (const SwapCopy& copy : manager_.swaps().outs) {
      space_[static_cast<size_t>(copy.group)][copy.slot] = memory_[static_cast<size_t>(copy.group)][copy.block];
    }
    for (const BlockCopy& copy : manager_.copies()) {
      auto& blocks = memory_[static_cast<size_t>(copy.group)];
      blocks[copy.to] = blocks[copy.from];
    }
    // What comes in does so at any time while the step is computed.
    const bool is_early = random_() % 2 == 0;
    if (is_early) copy_in();
    for (auto& sequence : sequences_) compute(*sequence);
    if (!is_early) copy_in();
    manager_.end_step();
    for (auto& sequence : sequences_) {
      if (sequence->next == 0) continue;
      sequence->computed += sequence->next;
      manager_.commit(sequence->kv, sequence->tokens, sequence->computed);
    }
  }

  void compute(Running& sequence) {
    if (sequence.next == 0) return;
    const auto at = [&](int i) { return sequence.tokens[static_cast<size_t>(i)]; };
    const int end = sequence.computed + sequence.next;
    for (size_t g = 0; g < 2; ++g) {
      const int first = g == 0 ? 0 : std::max(0, sequence.computed + 1 - kGroups[g].window);
      const auto blocks = sequence.kv.blocks(static_cast<int>(g));
      for (int i = first; i < end; ++i) {
        Content& content = memory_[g][blocks[static_cast<size_t>(i / kBlockTokens)]];
        content.resize(kBlockTokens);
        TokenId& token = content[static_cast<size_t>(i % kBlockTokens)];
        if (i >= sequence.computed) token = at(i);
        ASSERT_EQ(token, at(i)) << "group " << g << ", position " << i << " of " << end;
      }
    }
    Content& state = memory_[2][sequence.kv.blocks(2).front()];
    if (sequence.computed == 0) state.clear();
    ASSERT_EQ(state, Content(sequence.tokens.begin(), sequence.tokens.begin() + sequence.computed));
    state.assign(sequence.tokens.begin(), sequence.tokens.begin() + end);
  }

  std::mt19937 random_;
  KvManager manager_;
  std::vector<std::vector<Content>> memory_, space_;  // [group][block], [group][slot]
  std::vector<std::unique_ptr<Running>> sequences_;
  int comebacks_ = 0;
};

TEST(KvSwapModel, WhatIsReadIsWhatWasWritten) {
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    SwapModel model(seed, true);
    model.run(5000);
    EXPECT_GT(model.comebacks(), 300);
    EXPECT_GT(model.manager().swapped_out(), 1000u);
    EXPECT_GT(model.manager().swapped_in(), 500u);
  }
}

TEST(KvSwapModel, WhatIsReadIsWhatWasWrittenWithoutAPrefixCache) {
  SwapModel model(9, false);
  model.run(5000);
  EXPECT_GT(model.comebacks(), 300);
}

}  // namespace
}  // namespace estoc
