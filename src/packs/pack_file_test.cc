#include "packs/pack_file.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "base/hash.h"
#include "packs/test_packs.h"

namespace estoc {
namespace {

constexpr PackId kId = {.fingerprint = 0x1234567890ABCDEF, .layout_version = kTestLayout, .isa_class = 2};

// The sentence a file is refused with; empty when it is taken.
std::string refusal(std::span<const std::byte> bytes, const PackId& id = kId) {
  try {
    parse_pack(bytes, id, "test.pack");
    return {};
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt_file);
    return error.what();
  }
}

template <typename T>
T number_at(const std::vector<std::byte>& file, size_t at) {
  T value;
  std::memcpy(&value, file.data() + at, sizeof value);
  return value;
}

// Makes both checksums fit again after a change, so that what is behind them is tested.
void mend_checksums(std::vector<std::byte>& file) {
  const auto table_bytes = std::min<uint64_t>(number_at<uint64_t>(file, 40), file.size() - 64);
  const uint64_t table = hash64(std::span(file).subspan(64, table_bytes));
  std::memcpy(file.data() + 48, &table, 8);
  const uint64_t header = hash64(std::span(file).first(56));
  std::memcpy(file.data() + 56, &header, 8);
}

TEST(PackFile, RoundTrip) {
  const std::vector<PackItem> items = made_up_items();
  const std::vector<std::byte> file = pack_in_memory(kId, items);
  const std::vector<PackEntry> entries = parse_pack(file, kId, "test.pack");
  ASSERT_EQ(entries.size(), items.size());
  for (size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(entries[i].key, items[i].key);
    EXPECT_EQ(entries[i].offset % 4096, 0u);
    EXPECT_EQ(std::memcmp(file.data() + entries[i].offset, items[i].bytes.get(), items[i].key.bytes), 0);
    EXPECT_EQ(matrix_checksum(std::span(file).subspan(entries[i].offset, entries[i].key.bytes)), entries[i].checksum);
  }
}

TEST(PackFile, OfNothingIsAFile) { EXPECT_TRUE(parse_pack(pack_in_memory(kId, {}), kId, "test.pack").empty()); }

TEST(PackFile, RefusesWhatIsOfOtherWeightsOrLayouts) {
  const std::vector<std::byte> file = pack_in_memory(kId, made_up_items());
  for (PackId id : {PackId{1, 7, 2}, PackId{kId.fingerprint, 8, 2}, PackId{kId.fingerprint, 7, 0}}) {
    EXPECT_NE(refusal(file, id), "");
    EXPECT_NE(id.file_name(), kId.file_name());
  }
  std::vector<std::byte> other_version = file;
  other_version[8] ^= std::byte{1};
  mend_checksums(other_version);
  EXPECT_EQ(refusal(other_version), "test.pack: is version 4 of the file, expected 5");
}

TEST(PackFile, RefusesEveryTruncation) {
  const std::vector<std::byte> file = pack_in_memory(kId, made_up_items());
  const uint64_t table_end = 64 + number_at<uint64_t>(file, 40);
  for (size_t length = 0; length <= table_end; ++length) EXPECT_NE(refusal(std::span(file).first(length)), "");
  for (size_t length = 0; length < file.size(); length += 509) EXPECT_NE(refusal(std::span(file).first(length)), "");
  for (size_t length = file.size() - 5000; length < file.size(); ++length) {
    EXPECT_NE(refusal(std::span(file).first(length)), "");
  }
  std::vector<std::byte> longer = file;
  longer.push_back(std::byte{0});
  EXPECT_NE(refusal(longer), "");
}

TEST(PackFile, RefusesEveryFlippedBitOfHeaderAndTable) {
  std::vector<std::byte> file = pack_in_memory(kId, made_up_items());
  const size_t table_end = 64 + number_at<uint64_t>(file, 40);
  for (size_t bit = 0; bit < 8 * table_end; ++bit) {
    const auto mask = static_cast<std::byte>(1u << bit % 8);
    file[bit / 8] ^= mask;
    EXPECT_NE(refusal(file), "") << bit;
    file[bit / 8] ^= mask;
  }
  EXPECT_EQ(refusal(file), "");
}

// Also a file whose checksums fit must not make the reader leave it.
TEST(PackFile, SurvivesRandomTablesWithRightChecksums) {
  const std::vector<std::byte> good = pack_in_memory(kId, {made_up_item("a", 5000, 1), made_up_item("b", 64, 2)});
  const size_t table_end = 64 + number_at<uint64_t>(good, 40);
  std::mt19937 rng(11);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> file = good;
    for (unsigned changes = 1 + rng() % 3; changes > 0; --changes) {
      const size_t at = rng() % 4 == 0 ? 20 + rng() % 28 : 64 + rng() % (table_end - 64);
      file[at] = rng() % 2 == 0 ? static_cast<std::byte>(rng()) : std::byte{0xFF};
    }
    mend_checksums(file);
    try {
      for (const PackEntry& entry : parse_pack(file, kId, "test.pack")) {
        ASSERT_LE(entry.offset, file.size());
        ASSERT_LE(entry.key.bytes, file.size() - entry.offset);
        matrix_checksum(std::span(file).subspan(entry.offset, entry.key.bytes));
      }
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::corrupt_file);
      ++refused;
    }
  }
  EXPECT_GT(refused, 5'000);
}

TEST(PackFile, RefusesMatricesOnTopOfEachOther) {
  std::vector<std::byte> file = pack_in_memory(kId, {made_up_item("a", 5000, 1), made_up_item("b", 5000, 2)});
  const size_t entry_bytes = number_at<uint64_t>(file, 40) / 2;
  const size_t offset_in_entry = entry_bytes - 24;
  std::memcpy(file.data() + 64 + entry_bytes + offset_in_entry, file.data() + 64 + offset_in_entry, 8);
  mend_checksums(file);
  EXPECT_EQ(refusal(file), "test.pack: 'b' is said to be 5000 bytes at byte 4096");
}

TEST(PackFile, RefusesOneMatrixTwice) {
  EXPECT_EQ(refusal(pack_in_memory(kId, {made_up_item("a", 64, 1), made_up_item("a", 64, 1)})),
            "test.pack: 'a' appears twice");
}

TEST(PackFile, HoldsSlicesOfOneTensor) {
  std::vector<PackItem> items(7, made_up_item("a", 64, 1));
  items[1].key.slice.first_row += 16;
  items[2].key.slice.first_column += 32;
  items[3].key.slice.rows += 1;
  items[4].key.row_map = RowMap();
  items[5].key.slice.order = RowMap::adjacent_pairs(8, 4).inside(RowMap::groups(16, 40));
  items[6].key.slice.order = RowMap::groups(16, 40);
  const std::vector<PackEntry> entries = parse_pack(pack_in_memory(kId, items), kId, "test.pack");
  ASSERT_EQ(entries.size(), items.size());
  for (size_t i = 0; i < items.size(); ++i) EXPECT_EQ(entries[i].key, items[i].key);
}

TEST(PackFile, RefusesImpossibleSlices) {
  PackItem item = made_up_item("a", 64, 1);
  item.key.slice.first_row = -16;
  EXPECT_EQ(refusal(pack_in_memory(kId, {item})), "test.pack: 'a' is 16 rows from -16 and 33 columns from 0");
}

TEST(PackFile, RefusesImpossibleOrders) {
  PackItem item = made_up_item("a", 64, 1);
  item.key.slice.order = RowMap::adjacent_pairs(8, 10);
  EXPECT_EQ(refusal(pack_in_memory(kId, {item})),
            "test.pack: rows in heads of 8, 10 of them turned, and groups of 0 rows 0 apart");
  item.key.slice.order = RowMap::groups(8, 7);
  EXPECT_EQ(refusal(pack_in_memory(kId, {item})),
            "test.pack: rows in heads of 0, 0 of them turned, and groups of 8 rows 7 apart");
}

TEST(PackFile, RefusesAnythingBetweenTheMatrices) {
  std::vector<std::byte> file = pack_in_memory(kId, {made_up_item("a", 5000, 1), made_up_item("b", 64, 2)});
  const size_t table_end = 64 + number_at<uint64_t>(file, 40);
  for (const size_t at : {table_end, size_t{4095}, size_t{4096 + 5000}, size_t{3 * 4096 - 1}}) {
    file[at] = std::byte{1};
    EXPECT_NE(refusal(file).find("between its matrices"), std::string::npos) << at;
    file[at] = std::byte{0};
  }
  EXPECT_EQ(refusal(file), "");
}

}  // namespace
}  // namespace estoc
