#include "kv/kv_manager.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "kv/test_tokens.h"

namespace estoc {
namespace {

class KvManagerTest : public testing::Test {
 protected:
  void start(const std::vector<KvGroup>& groups, bool has_prefix_cache = true) {
    manager_.emplace(groups, has_prefix_cache, PrefixHasher(HashKey{}));
  }
  // Admits and computes all of it; how much was found.
  int compute(SequenceKv& kv, const std::vector<TokenId>& tokens, const char* salt = "") {
    const int cached = manager_->cached_prefix(kv, tokens, salt);
    const auto end = static_cast<int>(tokens.size());
    EXPECT_TRUE(manager_->admit(kv, tokens, cached, end, 0));
    EXPECT_TRUE(manager_->grow(kv, cached, end));
    manager_->commit(kv, tokens, end);
    return cached;
  }
  void check(std::vector<const SequenceKv*> sequences) { manager_->check_integrity(sequences); }

  std::optional<KvManager> manager_;
};

// Positions computed on trial, of which some are accepted: only those are published, and what is cut off is free again.
TEST_F(KvManagerTest, WhatWasNotAcceptedIsCutOff) {
  start({{.block_count = 20}, {.window = 40, .block_count = 20, .ahead = 64}});
  SequenceKv kv, same;
  const auto tokens = tokens_from(0, 100);
  EXPECT_EQ(compute(kv, tokens_from(0, 30)), 0);
  const int used = manager_->used_count();
  ASSERT_TRUE(manager_->grow(kv, 30, 70));
  EXPECT_GT(manager_->used_count(), used);
  manager_->commit(kv, tokens, 33);  // 3 of 40 were right
  manager_->truncate(kv, 34);
  EXPECT_EQ(kv.blocks(0).size(), 3u);
  EXPECT_EQ(kv.blocks(1).size(), 3u);
  check({&kv});
  EXPECT_EQ(manager_->cached_prefix(same, tokens, ""), 32);
  manager_->truncate(kv, 34);  // again changes nothing
  ASSERT_TRUE(manager_->grow(kv, 33, 80));
  manager_->commit(kv, tokens, 80);
  manager_->release(kv);
  check({});
}

TEST_F(KvManagerTest, FindsWholeBlocksButNeverTheLastToken) {
  start({{.block_count = 20}});
  SequenceKv first, same, longer, shorter, other;
  EXPECT_EQ(compute(first, tokens_from(0, 48)), 0);
  manager_->release(first);
  EXPECT_EQ(manager_->used_count(), 0);
  EXPECT_EQ(manager_->cached_count(), 3);
  EXPECT_EQ(compute(same, tokens_from(0, 48)), 47);
  EXPECT_EQ(compute(longer, tokens_from(0, 60)), 48);
  EXPECT_EQ(compute(shorter, tokens_from(0, 40)), 32);
  EXPECT_EQ(compute(other, tokens_from(1, 48)), 0);
  EXPECT_EQ(same.blocks(0)[1], longer.blocks(0)[1]);
  check({&same, &longer, &shorter, &other});
}

TEST_F(KvManagerTest, TheLastTokenOfAWholeBlockIsWrittenInPlaceOrIntoACopy) {
  start({{.block_count = 4}});
  const auto tokens = tokens_from(0, 48);
  SequenceKv first, alone, beside, third;
  compute(first, tokens);
  const auto blocks = std::vector(first.blocks(0).begin(), first.blocks(0).end());
  manager_->release(first);
  EXPECT_EQ(compute(alone, tokens), 47);
  EXPECT_TRUE(manager_->copies().empty());
  EXPECT_TRUE(std::ranges::equal(alone.blocks(0), blocks));
  EXPECT_EQ(compute(beside, tokens), 47);
  ASSERT_EQ(manager_->copies().size(), 1u);
  EXPECT_EQ(manager_->copies()[0].from, blocks[2]);
  EXPECT_EQ(beside.blocks(0)[2], manager_->copies()[0].to);
  EXPECT_EQ(beside.blocks(0)[1], blocks[1]);
  EXPECT_EQ(manager_->cached_prefix(third, tokens, ""), 47);
  EXPECT_FALSE(manager_->admit(third, tokens, 47, 48, 0));  // nowhere to copy to
  check({&alone, &beside});
}

TEST_F(KvManagerTest, SaltsDoNotMeet) {
  start({{.block_count = 20}});
  SequenceKv first, other, same;
  compute(first, tokens_from(0, 40), "a");
  EXPECT_EQ(compute(other, tokens_from(0, 40), "b"), 0);
  EXPECT_EQ(compute(same, tokens_from(0, 40), "a"), 32);
}

TEST_F(KvManagerTest, ReusesTheLeastRecentlyUsedTailFirst) {
  start({{.block_count = 6}});
  SequenceKv old, young, big;
  compute(old, tokens_from(0, 48));
  compute(young, tokens_from(100, 48));
  manager_->release(old);
  manager_->release(young);
  EXPECT_EQ(compute(big, tokens_from(500, 30)), 0);  // two blocks: the last ones of the older
  manager_->release(big);
  SequenceKv old_again, young_again;
  EXPECT_EQ(manager_->cached_prefix(old_again, tokens_from(0, 48), ""), 16);
  EXPECT_EQ(manager_->cached_prefix(young_again, tokens_from(100, 48), ""), 47);
  check({});
}

TEST_F(KvManagerTest, AHitCountsAsABlockThatIsNoLongerFree) {
  start({{.block_count = 3}});
  SequenceKv first, second;
  const auto tokens = tokens_from(0, 40);
  compute(first, tokens);
  manager_->release(first);
  const int cached = manager_->cached_prefix(second, tokens, "");
  EXPECT_EQ(cached, 32);
  EXPECT_FALSE(manager_->admit(second, tokens, cached, 40, 1));
  EXPECT_TRUE(second.is_empty());
  EXPECT_TRUE(manager_->admit(second, tokens, cached, 40, 0));
  EXPECT_EQ(manager_->free_count(), 0);
  check({&second});
}

TEST_F(KvManagerTest, AForkSharesUntilOneOfThemWrites) {
  start({{.block_count = 10}});
  SequenceKv first, fork;
  compute(first, tokens_from(0, 40));
  ASSERT_TRUE(manager_->fork(first, fork, 39, 40, 0));
  EXPECT_EQ(manager_->used_count(), 3);
  EXPECT_FALSE(manager_->is_writable(fork, 39));
  EXPECT_TRUE(manager_->is_writable(fork, 48));  // a block that nobody has yet
  EXPECT_TRUE(manager_->grow(fork, 39, 40));
  EXPECT_TRUE(manager_->is_writable(fork, 39));
  EXPECT_TRUE(manager_->is_writable(first, 40));
  ASSERT_EQ(manager_->copies().size(), 1u);
  EXPECT_EQ(manager_->copies()[0].from, first.blocks(0)[2]);
  EXPECT_EQ(manager_->copies()[0].to, fork.blocks(0)[2]);
  EXPECT_TRUE(manager_->grow(first, 40, 41));  // alone again with its block: no copy
  EXPECT_EQ(manager_->copies().size(), 1u);
  check({&first, &fork});
}

TEST_F(KvManagerTest, AForkLeavesTheSpareBlocks) {
  start({{.block_count = 5}});
  SequenceKv first, fork;
  compute(first, tokens_from(0, 40));
  // One of the two that are free is for the copy of the last block.
  EXPECT_FALSE(manager_->fork(first, fork, 39, 40, 2));
  EXPECT_TRUE(fork.is_empty());
  ASSERT_TRUE(manager_->fork(first, fork, 39, 40, 1));
  EXPECT_TRUE(manager_->grow(fork, 39, 40));
  EXPECT_EQ(manager_->free_count(), 1);
  check({&first, &fork});
}

TEST_F(KvManagerTest, AForksOwnContinuationIsFoundToo) {
  start({{.block_count = 10}});
  SequenceKv first, fork, reader;
  compute(first, tokens_from(0, 64));
  auto other = tokens_from(0, 64);
  for (size_t i = 40; i < other.size(); ++i) other[i] = 7;
  EXPECT_EQ(manager_->cached_prefix(fork, other, ""), 32);
  ASSERT_TRUE(manager_->fork(first, fork, 40, 64, 0));
  ASSERT_TRUE(manager_->grow(fork, 40, 64));
  manager_->commit(fork, other, 64);
  other.push_back(1);
  EXPECT_EQ(manager_->cached_prefix(reader, other, ""), 64);
  check({&first, &fork});
}

TEST_F(KvManagerTest, AForkThatWritesIntoAPublishedBlockUnpublishesIt) {
  start({{.block_count = 10}});
  SequenceKv first, fork, reader;
  compute(first, tokens_from(0, 48));
  ASSERT_TRUE(manager_->fork(first, fork, 39, 40, 0));
  manager_->release(first);
  EXPECT_TRUE(manager_->grow(fork, 39, 40));
  EXPECT_TRUE(manager_->copies().empty());
  EXPECT_EQ(manager_->cached_prefix(reader, tokens_from(0, 60), ""), 32);
  check({&fork});
}

TEST_F(KvManagerTest, AWindowGivesBackWhatItHasPassed) {
  start({{.block_count = 40}, {.window = 20, .block_count = 12, .read_grain = 32, .ahead = 64}});
  SequenceKv kv;
  const auto tokens = tokens_from(0, 200);
  manager_->cached_prefix(kv, tokens, "");
  ASSERT_TRUE(manager_->admit(kv, tokens, 0, 200, 0));
  for (int done = 0; done < 200; done += 40) {
    ASSERT_TRUE(manager_->grow(kv, done, done + 40)) << done;
    manager_->commit(kv, tokens, done + 40);
    check({&kv});
  }
  // The next position is 200: it sees from 181 on, read from 160.
  EXPECT_EQ(kv.blocks(1)[9], kNoBlock);
  EXPECT_NE(kv.blocks(1)[10], kNoBlock);
  EXPECT_NE(kv.blocks(0)[0], kNoBlock);
}

TEST_F(KvManagerTest, AHitNeedsTheWindowToo) {
  start({{.block_count = 40}, {.window = 20, .block_count = 7, .read_grain = 16, .ahead = 32}});
  SequenceKv kv, again, other;
  const auto tokens = tokens_from(0, 100);
  manager_->cached_prefix(kv, tokens, "");
  ASSERT_TRUE(manager_->admit(kv, tokens, 0, 100, 0));
  for (int done = 0; done < 96; done += 32) {
    ASSERT_TRUE(manager_->grow(kv, done, done + 32));
    manager_->commit(kv, tokens, done + 32);
  }
  manager_->release(kv);
  EXPECT_EQ(manager_->cached_prefix(again, tokens, ""), 96);
  // Another sequence takes the memory of the window; the layers without one still hold everything.
  compute(other, tokens_from(1000, 32));
  manager_->release(other);
  SequenceKv third, fourth;
  compute(third, tokens_from(2000, 32));
  compute(fourth, tokens_from(3000, 32));
  SequenceKv last;
  EXPECT_LT(manager_->cached_prefix(last, tokens, ""), 96);
  check({&third, &fourth});
}

TEST_F(KvManagerTest, AWindowKeepsExactlyWhatTheNextTokenSees) {
  for (const int window : {1, 16, 17, 20, 32, 40}) {
    for (const int grain : {16, 32}) {
      start({{.window = window, .block_count = 12, .read_grain = grain, .ahead = 16}});
      SequenceKv kv;
      const auto tokens = tokens_from(0, 150);
      manager_->cached_prefix(kv, tokens, "");
      ASSERT_TRUE(manager_->admit(kv, tokens, 0, 150, 0));
      for (int done = 1; done <= 150; ++done) {
        ASSERT_TRUE(manager_->grow(kv, done - 1, done));
        manager_->commit(kv, tokens, done);
        int seen = done;  // the first position that the token at `done` sees, itself the last of them
        while (seen > 0 && done - seen + 1 < window) --seen;
        const int read_from = seen - seen % grain;
        for (int block = 0; block * kBlockTokens < done; ++block) {
          ASSERT_EQ(kv.blocks(0)[static_cast<size_t>(block)] == kNoBlock, (block + 1) * kBlockTokens <= read_from)
              << "window " << window << ", grain " << grain << ", block " << block << " after " << done;
        }
      }
      manager_->release(kv);
      check({});
    }
  }
}

// Computes `tokens` in a pool that is too small for all of it, so that what the window has passed is overwritten.
TEST_F(KvManagerTest, AHitNeedsOnlyWhatTheWindowStillSees) {
  start({{.block_count = 40}, {.window = 20, .block_count = 4, .read_grain = 16, .ahead = 16}});
  SequenceKv kv, again;
  const auto tokens = tokens_from(0, 100);
  manager_->cached_prefix(kv, tokens, "");
  ASSERT_TRUE(manager_->admit(kv, tokens, 0, 100, 0));
  for (int done = 0; done < 96; done += 16) {
    ASSERT_TRUE(manager_->grow(kv, done, done + 16)) << done;
    manager_->commit(kv, tokens, done + 16);
  }
  manager_->release(kv);
  EXPECT_EQ(manager_->cached_prefix(again, tokens, ""), 96);
  check({});
}

// The last token is computed again, and sees one position more of the past than the token after it would.
TEST_F(KvManagerTest, AHitOfAWholePromptNeedsWhatItsLastTokenSees) {
  start({{.block_count = 40}, {.window = 17, .block_count = 3, .read_grain = 16, .ahead = 16}});
  SequenceKv kv, whole, longer;
  const auto tokens = tokens_from(0, 112);
  manager_->cached_prefix(kv, tokens, "");
  ASSERT_TRUE(manager_->admit(kv, tokens, 0, 112, 0));
  for (int done = 0; done < 112; done += 16) {
    ASSERT_TRUE(manager_->grow(kv, done, done + 16)) << done;
    manager_->commit(kv, tokens, done + 16);
  }
  manager_->release(kv);
  SequenceKv other;
  compute(other, tokens_from(1000, 16));  // takes the oldest of the three blocks
  manager_->release(other);
  const auto first = tokens_from(0, 113);
  EXPECT_EQ(manager_->cached_prefix(longer, first, ""), 112);  // position 112 sees 96 to 112
  EXPECT_EQ(manager_->cached_prefix(whole, tokens, ""), 111);  // position 111 sees 95 to 111
  SequenceKv another;
  compute(another, tokens_from(2000, 16));
  manager_->release(another);
  SequenceKv again, last;
  EXPECT_EQ(manager_->cached_prefix(again, first, ""), 112);
  EXPECT_EQ(manager_->cached_prefix(last, tokens, ""), 0);
  check({});
}

TEST_F(KvManagerTest, AskingAgainLooksForWhatIsNewOnly) {
  start({{.block_count = 40}});
  SequenceKv leader, waiting;
  const auto tokens = tokens_from(0, 320);
  ASSERT_TRUE(manager_->admit(leader, tokens, manager_->cached_prefix(leader, tokens, ""), 320, 0));
  manager_->commit(leader, tokens, 160);
  EXPECT_EQ(manager_->cached_prefix(waiting, tokens, ""), 160);
  const uint64_t before = manager_->lookup_count();
  EXPECT_EQ(manager_->cached_prefix(waiting, tokens, ""), 160);
  EXPECT_EQ(manager_->lookup_count(), before + 1);  // the block after them
  manager_->commit(leader, tokens, 192);
  EXPECT_EQ(manager_->cached_prefix(waiting, tokens, ""), 192);
  EXPECT_EQ(manager_->lookup_count(), before + 4);
}

TEST_F(KvManagerTest, AskingAgainMissesWhatHadToMakeRoom) {
  start({{.block_count = 6}});
  SequenceKv first, waiting, big;
  const auto tokens = tokens_from(0, 70);
  compute(first, tokens);
  EXPECT_EQ(manager_->cached_prefix(waiting, tokens, ""), 64);
  manager_->release(first);
  EXPECT_EQ(manager_->cached_prefix(waiting, tokens, ""), 64);
  compute(big, tokens_from(500, 50));  // two worthless blocks and the last two of the others
  EXPECT_EQ(manager_->cached_prefix(waiting, tokens, ""), 32);
  EXPECT_FALSE(manager_->admit(waiting, tokens, 32, 70, 0));
  manager_->release(big);
  EXPECT_EQ(compute(waiting, tokens), 32);
  check({&waiting});
}

// Whoever asks all the time is told what somebody new is told, whatever happened in between.
TEST_F(KvManagerTest, AskingAgainFindsWhatANewcomerFinds) {
  constexpr int kBeginnings = 3;
  start({{.block_count = 30}, {.window = 40, .block_count = 16, .read_grain = 32, .ahead = 64}, {.block_count = 24}});
  std::mt19937 random(5);
  const auto draw_tokens = [&] {
    return tokens_from(static_cast<int>(random() % kBeginnings) * 1000, 20 + static_cast<int>(random() % 180));
  };
  std::vector<std::vector<TokenId>> prompts;
  for (int i = 0; i < 12; ++i) prompts.push_back(draw_tokens());
  std::vector<SequenceKv> waiting(prompts.size());
  std::map<int, int> answers;
  for (int round = 0; round < 3000; ++round) {
    SequenceKv running;
    const auto tokens = draw_tokens();
    const int cached = manager_->cached_prefix(running, tokens, "");
    const auto end = static_cast<int>(tokens.size());
    bool has_room = manager_->admit(running, tokens, cached, end, 0);
    for (int done = cached; has_room && done < end; done = std::min(end, done + 32)) {
      has_room = manager_->grow(running, done, std::min(end, done + 32));
      if (has_room) manager_->commit(running, tokens, std::min(end, done + 32));
    }
    for (size_t i = 0; i < prompts.size(); ++i) {
      if (random() % 2 == 0) continue;
      SequenceKv newcomer;
      const int found = manager_->cached_prefix(waiting[i], prompts[i], "");
      ASSERT_EQ(found, manager_->cached_prefix(newcomer, prompts[i], "")) << "round " << round << ", prompt " << i;
      ++answers[found];
    }
    manager_->release(running);
    check({});
  }
  EXPECT_GT(answers.size(), 5u);
}

TEST_F(KvManagerTest, WithoutAPrefixCacheNothingIsFound) {
  start({{.block_count = 10}}, false);
  SequenceKv first, second;
  compute(first, tokens_from(0, 40));
  EXPECT_EQ(compute(second, tokens_from(0, 40)), 0);
  EXPECT_EQ(manager_->cached_count(), 0);
}

}  // namespace
}  // namespace estoc
