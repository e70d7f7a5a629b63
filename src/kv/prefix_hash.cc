#include "kv/prefix_hash.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "kv/block_pool.h"

namespace estoc {
namespace {

static_assert(std::endian::native == std::endian::little, "tokens are hashed as they lie in memory");

constexpr std::byte kStart{0}, kNext{1};

}  // namespace

PrefixHash PrefixHasher::start(std::string_view salt) const {
  std::vector<std::byte> bytes(1 + salt.size(), kStart);
  std::ranges::copy(std::as_bytes(std::span(salt)), bytes.begin() + 1);
  return {keyed_hash(key_, bytes)};
}

PrefixHash PrefixHasher::next(const PrefixHash& parent, std::span<const TokenId> block) const {
  ESTOC_DCHECK(block.size() == kBlockTokens);
  std::array<std::byte, 1 + sizeof(parent.bytes) + kBlockTokens * sizeof(TokenId)> bytes;
  bytes[0] = kNext;
  std::memcpy(&bytes[1], parent.bytes.data(), sizeof(parent.bytes));
  std::memcpy(&bytes[1 + sizeof(parent.bytes)], block.data(), block.size_bytes());
  return {keyed_hash(key_, bytes)};
}

}  // namespace estoc
