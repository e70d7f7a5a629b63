// Names for beginnings: the hash of a block of tokens and of everything before it.
//
// What: 128 bits, chained block by block, of a pseudo-random function under a secret key (base/keyed_hash.h). Equal
// names mean equal beginnings, and without the key nobody can make two alike: a window's blocks are found by name after
// the tokens before them are forgotten, so there identity rests on the name alone.
// The bytes that are hashed, fixed because names may outlive a process and be compared by others that have the key:
//   start   u8 0 | the salt's bytes
//   next    u8 1 | 16 bytes, the parent's name | 16 tokens, i32 little endian
// A chain starts with a salt: requests of other salts never meet. The first byte keeps salts, which clients choose,
// from looking like blocks. Threads: immutable values. Errors: none.
#pragma once

#include <cstddef>
#include <cstring>
#include <functional>
#include <span>
#include <string_view>

#include "base/ids.h"
#include "base/keyed_hash.h"

namespace estoc {

struct PrefixHash {
  KeyedHash bytes{};
  bool operator==(const PrefixHash&) const = default;
};

class PrefixHasher {
 public:
  // A cache that outlives the process, and processes that share one, have the same key.
  explicit PrefixHasher(const HashKey& key) : key_(key) {}

  PrefixHash start(std::string_view salt) const;
  PrefixHash next(const PrefixHash& parent, std::span<const TokenId> block) const;

 private:
  HashKey key_;
};

}  // namespace estoc

template <>
struct std::hash<estoc::PrefixHash> {
  size_t operator()(const estoc::PrefixHash& hash) const {
    size_t value;
    std::memcpy(&value, hash.bytes.data(), sizeof value);
    return value;
  }
};
