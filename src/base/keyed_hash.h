// 128-bit SipHash-2-4 of libsodium: a hash under a secret key.
//
// Without the key its values look like random numbers: nobody can find two contents with one value, or learn a content
// from its value. So it may stand for a content in names that others see and in lookups that compare nothing else.
// Whoever has the key can make collisions: it does not replace a signature. Values are those of the reference
// implementation, the same on every machine. Cost: 60 ns for 80 bytes.
// Threads: pure functions. random_hash_key aborts where the system has no random numbers.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace estoc {

struct HashKey {
  std::array<std::byte, 16> bytes{};
};

using KeyedHash = std::array<std::byte, 16>;

// A key that nobody else has, from the system's random numbers.
HashKey random_hash_key();

KeyedHash keyed_hash(const HashKey& key, std::span<const std::byte> bytes);

}  // namespace estoc
