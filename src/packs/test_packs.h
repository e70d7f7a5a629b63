// Packed matrices of made-up bytes, and pack files made of them in memory.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "packs/pack_check.h"
#include "packs/pack_file.h"
#include "packs/pack_writer.h"

namespace estoc {

inline PackedBytes made_up_bytes(uint64_t count, unsigned seed) {
  const auto bytes = std::make_shared<std::vector<std::byte>>(count);
  uint64_t state = seed + 1;
  for (std::byte& byte : *bytes) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<std::byte>(state >> 56);
  }
  return {bytes, bytes->data()};
}

constexpr uint32_t kTestLayout = 7;

inline PackItem made_up_item(const std::string& name, uint64_t bytes, unsigned seed) {
  return {{.name = name,
           .scheme = "q4_0",
           .slice = {.first_row = 16, .rows = 16, .columns = 32 + seed},
           .row_map = RowMap::adjacent_pairs(8),
           .layout_version = kTestLayout,
           .bytes = bytes},
          made_up_bytes(bytes, seed)};
}

inline std::vector<PackItem> made_up_items() {
  return {made_up_item("model.layers.0.self_attn.q_proj.weight", 5000, 1), made_up_item("b", 64, 2),
          made_up_item("head", (size_t{2} << 20) + 12345, 3)};
}

constexpr size_t kTestPage = 4096;

// What a disk or a stray program does to the page that begins there.
inline void test_damage_page(std::vector<std::byte>& file, size_t begin, bool is_noise) {
  const size_t count = std::min(kTestPage, file.size() - begin);
  const auto at = file.begin() + static_cast<std::ptrdiff_t>(begin);
  if (is_noise) {
    std::copy_n(made_up_bytes(count, 77).get(), count, at);
  } else {
    std::fill_n(at, count, std::byte{0});
  }
}

// What write_pack writes.
inline std::vector<std::byte> pack_in_memory(const PackId& id, const std::vector<PackItem>& items) {
  std::vector<PackEntry> entries;
  for (const PackItem& item : items)
    entries.push_back({item.key, 0, matrix_checksum({item.bytes.get(), item.key.bytes})});
  uint64_t file_bytes = 0;
  std::vector<std::byte> file = encode_pack_head(id, entries, file_bytes);
  file.resize(file_bytes);
  for (size_t i = 0; i < items.size(); ++i) {
    std::copy_n(items[i].bytes.get(), items[i].key.bytes, file.data() + entries[i].offset);
  }
  return file;
}

}  // namespace estoc
