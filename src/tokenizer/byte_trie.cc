#include "tokenizer/byte_trie.h"

#include <algorithm>
#include <bit>

namespace estoc {

void ByteTrie::reserve(size_t bytes) {
  const size_t slot_count = std::bit_ceil(std::max<size_t>(64, 2 * (bytes + 1)));
  if (slots_.size() < slot_count) rehash(slot_count);
}

void ByteTrie::insert(std::string_view text, int32_t value) {
  uint32_t node = kRoot;
  for (const char byte : text) {
    if (slots_.size() < 2 * (values_.size() + 1)) rehash(std::max<size_t>(64, 2 * slots_.size()));
    const uint64_t key = key_of(node, byte);
    size_t at = start_of(key);
    while (slots_[at].key != kFree && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
    if (slots_[at].key == kFree) {
      slots_[at] = {key, static_cast<uint32_t>(values_.size())};
      values_.push_back(-1);
    }
    node = slots_[at].child;
  }
  if (values_[node] < 0) values_[node] = value;
}

void ByteTrie::rehash(size_t slot_count) {
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
