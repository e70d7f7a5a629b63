// Two small open-addressing hash tables for the hot path of encoding: text to id, and a pair of ids to its merge.
// Built once at load, then read from any thread. Nothing is ever removed.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace estoc {

// Text to token id. Keeps its own copy of every text.
class TextTable {
 public:
  // Makes room for so many texts at once.
  void reserve(size_t count);
  // The first id given for a text stays, unless `replace`.
  void insert(std::string_view text, TokenId id, bool replace = false);
  std::optional<TokenId> find(std::string_view text) const;
  size_t count() const { return entries_.size(); }

 private:
  struct Entry {
    size_t start;
    uint32_t bytes;
    uint32_t hash;
    TokenId id;
  };
  static uint64_t slot_value(uint32_t hash, size_t entry_count) { return uint64_t{hash} << 32 | entry_count; }
  const Entry& entry_of(uint64_t slot) const { return entries_[static_cast<uint32_t>(slot) - 1]; }
  static uint32_t hash_of(std::string_view text);
  size_t slot_of(std::string_view text, uint32_t hash) const;
  void rehash(size_t slot_count);

  std::string texts_;
  std::vector<Entry> entries_;
  std::vector<uint64_t> slots_;  // hash above, entry index + 1 below; 0 when free; a power of two of them
};

// What a pair of neighbouring symbols becomes.
struct Merge {
  uint32_t rank;  // lower merges first
  int32_t symbol;
};
constexpr uint32_t kNoRank = UINT32_MAX;

class PairTable {
 public:
  // Makes room for so many pairs at once.
  void reserve(size_t count);
  // The merge with the lower rank stays when a pair is given twice, unless `replace`.
  void insert(int32_t left, int32_t right, Merge merge, bool replace = false);
  // A rank of kNoRank when the pair does not merge.
  Merge find(int32_t left, int32_t right) const {
    if (slots_.empty()) return {kNoRank, 0};
    const uint64_t key = key_of(left, right);
    for (size_t at = start_of(key);; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].key == key) return slots_[at].merge;
      if (slots_[at].key == kFree) return {kNoRank, 0};
    }
  }

 private:
  static constexpr uint64_t kFree = UINT64_MAX;  // no pair: symbols are never negative
  struct Slot {
    uint64_t key = kFree;
    Merge merge{kNoRank, 0};
  };
  static uint64_t key_of(int32_t left, int32_t right) {
    return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
  }
  size_t start_of(uint64_t key) const {
    return static_cast<size_t>((key ^ key >> 29) * 0x9E3779B97F4A7C15u >> 20) & (slots_.size() - 1);
  }
  void rehash(size_t slot_count);

  std::vector<Slot> slots_;  // a power of two of them, at most half full
  size_t count_ = 0;
};

}  // namespace estoc
