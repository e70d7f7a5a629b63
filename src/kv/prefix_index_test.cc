#include "kv/prefix_index.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

TEST(PrefixHasher, DependsOnKeySaltParentAndTokens) {
  const std::vector<TokenId> tokens(16, 7);
  const PrefixHasher hasher(1, 2), other(1, 3);
  const PrefixHash start = hasher.start("salt");
  EXPECT_EQ(start, hasher.start("salt"));
  EXPECT_FALSE(start == hasher.start("pepper"));
  EXPECT_FALSE(start == other.start("salt"));
  const PrefixHash next = hasher.next(start, tokens);
  EXPECT_EQ(next, hasher.next(start, tokens));
  EXPECT_FALSE(next == hasher.next(hasher.start(""), tokens));
  EXPECT_FALSE(next == hasher.next(start, std::vector<TokenId>(16, 8)));
}

TEST(PrefixIndex, ACollisionIsAMiss) {
  PrefixIndex index(4);
  const std::vector<TokenId> tokens(16, 7), others(16, 8);
  const PrefixHash hash{1, 2}, parent{3, 4}, other_parent{3, 5};
  index.insert({hash, parent, tokens}, 2);
  EXPECT_EQ(index.find({hash, parent, tokens}), std::optional<BlockId>(2));
  EXPECT_EQ(index.find({hash, parent, others}), std::nullopt);
  EXPECT_EQ(index.find({hash, other_parent, tokens}), std::nullopt);
  index.insert({hash, parent, tokens}, 3);  // the first one stays
  EXPECT_FALSE(index.contains(3));
  index.erase(2);
  index.erase(2);
  EXPECT_EQ(index.find({hash, parent, tokens}), std::nullopt);
  EXPECT_EQ(index.count(), 0);
}

}  // namespace
}  // namespace estoc
