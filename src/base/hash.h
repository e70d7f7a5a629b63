// XXH3, the checksum of the xxHash library: finds damage and tells contents apart, at memory speed.
//
// Its values are the published ones, the same on every machine, so they may be stored. Not a defence against somebody
// who wants two contents to look alike: that is base/keyed_hash.h.
// Threads: pure functions and a value class of one thread. Throws nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

namespace estoc {

uint64_t hash64(std::span<const std::byte> bytes, uint64_t seed = 0);

// hash64 of bytes that come in pieces.
class Hasher {
 public:
  explicit Hasher(uint64_t seed = 0);

  void add(std::span<const std::byte> bytes);
  // The length goes in too, so that "ab","c" and "a","bc" differ.
  void add_text(std::string_view text);
  template <typename T>
  void add_number(T value) {
    static_assert(std::is_arithmetic_v<T>);
    add(std::as_bytes(std::span(&value, 1)));
  }

  uint64_t value() const;

 private:
  alignas(64) std::array<std::byte, 576> state_;  // the library's
};

}  // namespace estoc
