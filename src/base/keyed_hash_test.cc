#include "base/keyed_hash.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace estoc {
namespace {

std::vector<std::byte> counted(size_t count) {
  std::vector<std::byte> bytes(count);
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i);
  return bytes;
}

std::string hex(const KeyedHash& hash) { return fmt::format("{:02x}", fmt::join(hash, "")); }

// The vectors that SipHash's authors publish: key and messages count up from zero.
TEST(KeyedHash, GivesThePublishedValues) {
  HashKey key;
  std::ranges::copy(counted(16), key.bytes.begin());
  EXPECT_EQ(hex(keyed_hash(key, {})), "a3817f04ba25a8e66df67214c7550293");
  EXPECT_EQ(hex(keyed_hash(key, counted(1))), "da87c1d86b99af44347659119b22fc45");
  EXPECT_EQ(hex(keyed_hash(key, counted(2))), "8177228da4a45dc7fca38bdef60affe4");
}

TEST(KeyedHash, KeysAreDrawnAnew) {
  const HashKey one = random_hash_key(), other = random_hash_key();
  EXPECT_NE(one.bytes, other.bytes);
  EXPECT_NE(keyed_hash(one, counted(9)), keyed_hash(other, counted(9)));
}

}  // namespace
}  // namespace estoc
