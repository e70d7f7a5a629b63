#include "tokenizer/flat_table.h"

#include <algorithm>
#include <bit>

namespace estoc {
namespace {

constexpr size_t kSlotsMin = 64;

// At most half of them in use.
size_t slots_for(size_t count) { return std::max(kSlotsMin, std::bit_ceil(2 * count)); }

}  // namespace

uint32_t TextTable::hash_of(std::string_view text) {
  uint64_t hash = text.size() * 0x9E3779B97F4A7C15u;
  const auto mix = [&](uint64_t word) {
    hash = (hash ^ word) * 0xD6E8FEB86659FD93u;
    hash ^= hash >> 32;
  };
  while (text.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, text.data(), 8);
    mix(word);
    text.remove_prefix(8);
  }
  uint64_t rest = 0;
  std::memcpy(&rest, text.data(), text.size());
  mix(rest);
  return static_cast<uint32_t>(hash);
}

size_t TextTable::slot_of(std::string_view text, uint32_t hash) const {
  for (size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at] == 0) return at;
    if (slots_[at] >> 32 != hash) continue;
    const Entry& entry = entry_of(slots_[at]);
    if (std::string_view(texts_).substr(entry.start, entry.bytes) == text) return at;
  }
}

void TextTable::insert(std::string_view text, TokenId id, bool replace) {
  if (slots_.size() < 2 * (entries_.size() + 1)) rehash(slots_for(entries_.size() + 1));
  const uint32_t hash = hash_of(text);
  const size_t at = slot_of(text, hash);
  if (slots_[at] != 0) {
    if (replace) entries_[static_cast<uint32_t>(slots_[at]) - 1].id = id;
    return;
  }
  entries_.push_back({texts_.size(), static_cast<uint32_t>(text.size()), hash, id});
  texts_ += text;
  slots_[at] = slot_value(hash, entries_.size());
}

std::optional<TokenId> TextTable::find(std::string_view text) const {
  if (slots_.empty()) return std::nullopt;
  const size_t at = slot_of(text, hash_of(text));
  if (slots_[at] == 0) return std::nullopt;
  return entry_of(slots_[at]).id;
}

void TextTable::reserve(size_t count) {
  entries_.reserve(count);
  if (slots_.size() < slots_for(count)) rehash(slots_for(count));
}

void TextTable::rehash(size_t slot_count) {
  slots_.assign(slot_count, 0);
  for (size_t i = 0; i < entries_.size(); ++i) {
    size_t at = entries_[i].hash & (slots_.size() - 1);
    while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = slot_value(entries_[i].hash, i + 1);
  }
}

void PairTable::insert(int32_t left, int32_t right, Merge merge, bool replace) {
  if (slots_.size() < 2 * (count_ + 1)) rehash(slots_for(count_ + 1));
  const uint64_t key = key_of(left, right);
  size_t at = start_of(key);
  while (slots_[at].key != kFree && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
  if (slots_[at].key == kFree) {
    ++count_;
    slots_[at] = {key, merge};
  } else if (replace || merge.rank < slots_[at].merge.rank) {
    slots_[at].merge = merge;
  }
}

void PairTable::reserve(size_t count) {
  if (slots_.size() < slots_for(count)) rehash(slots_for(count));
}

void PairTable::rehash(size_t slot_count) {
  std::vector<Slot> old(slot_count);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.key == kFree) continue;
    size_t at = start_of(slot.key);
    while (slots_[at].key != kFree) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = slot;
  }
}

}  // namespace estoc
