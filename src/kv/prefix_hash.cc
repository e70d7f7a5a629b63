#include "kv/prefix_hash.h"

#include <array>
#include <cstring>

#include "base/check.h"
#include "base/xxh64.h"
#include "kv/block_pool.h"

namespace estoc {

PrefixHash PrefixHasher::hash(std::span<const std::byte> bytes) const {
  return {xxh64(bytes, key_.low), xxh64(bytes, key_.high)};
}

PrefixHash PrefixHasher::start(std::string_view salt) const { return hash(std::as_bytes(std::span(salt))); }

PrefixHash PrefixHasher::next(const PrefixHash& parent, std::span<const TokenId> block) const {
  ESTOC_DCHECK(block.size() == kBlockTokens);
  std::array<std::byte, sizeof(PrefixHash) + kBlockTokens * sizeof(TokenId)> bytes;
  std::memcpy(bytes.data(), &parent, sizeof(parent));
  std::memcpy(bytes.data() + sizeof(parent), block.data(), block.size_bytes());
  return hash(bytes);
}

}  // namespace estoc
