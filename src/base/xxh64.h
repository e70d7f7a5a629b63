// XXH64, the published 64-bit checksum: finds damage and tells contents apart, at memory speed. Not a defence against
// somebody who wants two contents to look alike. Value class; one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

namespace estoc {

class Xxh64 {
 public:
  explicit Xxh64(uint64_t seed = 0);

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
  void add_stripe(const std::byte* stripe);

  static constexpr size_t kStripe = 32;
  uint64_t seed_;
  std::array<uint64_t, 4> lanes_;
  uint64_t length_ = 0;
  std::array<std::byte, kStripe> rest_{};  // the first length_ % 32 bytes wait for their stripe
};

uint64_t xxh64(std::span<const std::byte> bytes, uint64_t seed = 0);

}  // namespace estoc
