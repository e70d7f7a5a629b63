#include "kv/prefix_hash.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "kv/block_pool.h"

namespace estoc {
namespace {

HashKey counted_key() {
  HashKey key;
  for (size_t i = 0; i < key.bytes.size(); ++i) key.bytes[i] = static_cast<std::byte>(i);
  return key;
}

std::string hex(const PrefixHash& hash) { return fmt::format("{:02x}", fmt::join(hash.bytes, "")); }

// Names may be stored and shared: these bytes are what was ever given out. The values were computed by another
// implementation of SipHash from the layout that the header describes.
TEST(PrefixHasher, NamesAreTheSameForEver) {
  const PrefixHasher hasher(counted_key());
  std::vector<TokenId> tokens(kBlockTokens);
  std::iota(tokens.begin(), tokens.end(), 1000);
  const PrefixHash unsalted = hasher.start("");
  EXPECT_EQ(hex(unsalted), "da87c1d86b99af44347659119b22fc45");
  EXPECT_EQ(hex(hasher.start("salt")), "cd646b976090be7ba013994aec94b35d");
  const PrefixHash first = hasher.next(unsalted, tokens);
  EXPECT_EQ(hex(first), "d9e8a042f0956a0fd786232df2437a4f");
  EXPECT_EQ(hex(hasher.next(first, tokens)), "375a9a1284ee782feddc25e91d9c7ec6");
}

TEST(PrefixHasher, DependsOnKeySaltParentAndTokens) {
  const std::vector<TokenId> tokens(kBlockTokens, 7);
  const PrefixHasher hasher(counted_key()), other(HashKey{});
  const PrefixHash start = hasher.start("salt");
  EXPECT_EQ(start, hasher.start("salt"));
  EXPECT_FALSE(start == hasher.start("pepper"));
  EXPECT_FALSE(start == other.start("salt"));
  const PrefixHash next = hasher.next(start, tokens);
  EXPECT_EQ(next, hasher.next(start, tokens));
  EXPECT_FALSE(next == hasher.next(hasher.start(""), tokens));
  EXPECT_FALSE(next == hasher.next(start, std::vector<TokenId>(kBlockTokens, 8)));
}

// Clients choose salts: the bytes of a block as a salt start a chain of their own.
TEST(PrefixHasher, ASaltIsNoBlock) {
  const PrefixHasher hasher(counted_key());
  const std::vector<TokenId> tokens(kBlockTokens, 7);
  const PrefixHash parent = hasher.start("");
  std::string salt(reinterpret_cast<const char*>(parent.bytes.data()), parent.bytes.size());
  salt.append(reinterpret_cast<const char*>(tokens.data()), tokens.size() * sizeof(TokenId));
  EXPECT_FALSE(hasher.start(salt) == hasher.next(parent, tokens));
}

}  // namespace
}  // namespace estoc
