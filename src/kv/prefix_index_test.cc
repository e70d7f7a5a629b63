#include "kv/prefix_index.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

PrefixHash named(int number) { return {{static_cast<std::byte>(number)}}; }

TEST(PrefixIndex, ACollisionIsAMiss) {
  PrefixIndex index(4);
  const std::vector<TokenId> tokens(16, 7), others(16, 8);
  const PrefixHash hash = named(1), parent = named(2), other_parent = named(3);
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
