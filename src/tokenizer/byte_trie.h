// Which of many texts begin at a place: a trie over bytes, one look-up a byte.
// Built once, then read from any thread; texts given twice keep the first value. Nothing is ever removed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace estoc {

class ByteTrie {
 public:
  static constexpr uint32_t kRoot = 0;
  static constexpr uint32_t kNone = UINT32_MAX;

  // Makes room for texts of so many bytes in all.
  void reserve(size_t bytes);
  void insert(std::string_view text, int32_t value);  // not negative
  // The node below `node` by this byte, or kNone.
  uint32_t child(uint32_t node, char byte) const {
    if (slots_.empty()) return kNone;
    const uint64_t key = key_of(node, byte);
    for (size_t at = start_of(key);; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].key == key) return slots_[at].child;
      if (slots_[at].key == kFree) return kNone;
    }
  }
  // Of the text that ends at this node, or -1.
  int32_t value(uint32_t node) const { return values_[node]; }

 private:
  static constexpr uint64_t kFree = UINT64_MAX;
  struct Slot {
    uint64_t key = kFree;
    uint32_t child = 0;
  };
  static uint64_t key_of(uint32_t node, char byte) { return uint64_t{node} << 8 | static_cast<unsigned char>(byte); }
  size_t start_of(uint64_t key) const {
    return static_cast<size_t>(key * 0x9E3779B97F4A7C15u >> 24) & (slots_.size() - 1);
  }
  void rehash(size_t slot_count);

  std::vector<Slot> slots_;  // a power of two of them, at most half full
  std::vector<int32_t> values_{-1};
};

}  // namespace estoc
