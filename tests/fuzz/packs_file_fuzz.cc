// Any bytes as a pack file, with checksums, version and key made to fit so that the table behind them is reached:
// parsed or refused with an Error; every matrix it then names lies inside the file. Starts from packs_file_seeds.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "packs/pack_check.h"
#include "packs/pack_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kHeader = 64, kTableBytes = 40, kTableSum = 48, kHeaderSum = 56;
  const estoc::PackId id = {.fingerprint = 1, .layout_version = 1};
  std::vector<estoc::PackEntry> none;
  uint64_t length = 0;
  const std::vector<std::byte> valid = estoc::encode_pack_head(id, none, length);
  std::vector<std::byte> file(size);
  if (size > 0) std::memcpy(file.data(), data, size);
  if (size >= kHeader) {
    uint32_t matrices;
    uint64_t table_bytes;
    std::memcpy(&matrices, data + 20, sizeof matrices);
    std::memcpy(&table_bytes, data + kTableBytes, sizeof table_bytes);
    std::memcpy(file.data(), valid.data(), 32);
    std::memcpy(file.data() + 20, &matrices, sizeof matrices);
    const uint64_t file_bytes = size;
    std::memcpy(file.data() + 32, &file_bytes, sizeof file_bytes);
    const auto table = std::span(file).subspan(kHeader, std::min<uint64_t>(table_bytes, size - kHeader));
    const uint64_t table_sum = estoc::hash64(table);
    std::memcpy(file.data() + kTableSum, &table_sum, sizeof table_sum);
    const uint64_t header_sum = estoc::hash64(std::span(file).first(kHeaderSum));
    std::memcpy(file.data() + kHeaderSum, &header_sum, sizeof header_sum);
  }
  try {
    for (const estoc::PackEntry& entry : estoc::parse_pack(file, id, "fuzz.pack")) {
      if (entry.offset > size || entry.key.bytes > size - entry.offset) std::abort();
      estoc::matrix_checksum(std::span(file).subspan(entry.offset, entry.key.bytes));
    }
  } catch (const estoc::Error&) {
  }
  return 0;
}
