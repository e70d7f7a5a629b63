// Seeded choices that are the same on every platform (the standard's distributions are not). Value class; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace estoc {

// A well-mixed 64-bit number of any other: seeds of parts are made of the seed of the whole and the part's number.
inline uint64_t mixed_bits(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

class Draw {
 public:
  explicit Draw(uint64_t seed) : state_(mixed_bits(seed)) {}

  uint64_t bits() { return mixed_bits(state_++); }
  size_t below(size_t count) { return static_cast<size_t>(bits() % count); }  // 0 .. count-1; count is not 0
  int between(int low, int high) { return low + static_cast<int>(below(static_cast<size_t>(high - low) + 1)); }

  // One of an array or a container with [].
  template <typename List>
  const auto& one_of(const List& list) {
    return list[below(std::size(list))];
  }

 private:
  uint64_t state_;
};

}  // namespace estoc
