// Names for beginnings: the hash of a block of tokens and of everything before it.
//
// What: 128 bits, chained block by block and keyed, so that equal hashes mean equal beginnings for all practical
// purposes and nobody outside can make two alike; whoever finds a block by its hash compares the tokens all the same.
// A chain starts with a salt: requests of other salts never meet.
// Threads: immutable values. Errors: none.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "base/ids.h"

namespace estoc {

struct PrefixHash {
  uint64_t low = 0, high = 0;
  bool operator==(const PrefixHash&) const = default;
};

class PrefixHasher {
 public:
  // Two random numbers that nobody outside knows; a cache that outlives the process keeps them.
  PrefixHasher(uint64_t key_low, uint64_t key_high) : key_{key_low, key_high} {}

  PrefixHash start(std::string_view salt) const;
  PrefixHash next(const PrefixHash& parent, std::span<const TokenId> block) const;

 private:
  PrefixHash hash(std::span<const std::byte> bytes) const;

  PrefixHash key_;
};

}  // namespace estoc

template <>
struct std::hash<estoc::PrefixHash> {
  size_t operator()(const estoc::PrefixHash& hash) const { return hash.low; }
};
