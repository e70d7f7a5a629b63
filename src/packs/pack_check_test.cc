#include "packs/pack_check.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "packs/test_packs.h"

namespace estoc {
namespace {

constexpr PackId kId = {.fingerprint = 7, .layout_version = 1};

class PackCheck : public testing::Test {
 protected:
  // What is wrong with the file; empty when all of it is right.
  std::string refusal(std::span<const std::byte> file) {
    try {
      check_matrices(file, parse_pack(file, kId, "test.pack"), team_, "test.pack");
      return {};
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::corrupt_file);
      return error.what();
    }
  }

  ThreadTeam team_{2};
};

TEST_F(PackCheck, FindsEveryDamagedPage) {
  const std::vector<std::byte> file = pack_in_memory(kId, made_up_items());
  ASSERT_EQ(refusal(file), "");
  for (size_t begin = 0; begin < file.size(); begin += kTestPage) {
    for (const bool is_noise : {false, true}) {
      std::vector<std::byte> damaged = file;
      test_damage_page(damaged, begin, is_noise);
      EXPECT_NE(refusal(damaged), "") << begin << (is_noise ? " noise" : " zeros");
    }
  }
}

TEST_F(PackCheck, FindsOneFlippedBitAndNamesTheMatrix) {
  const std::vector<std::byte> file = pack_in_memory(kId, made_up_items());
  for (const PackEntry& entry : parse_pack(file, kId, "test.pack")) {
    for (const uint64_t at : {uint64_t{0}, entry.key.bytes / 2, entry.key.bytes - 1}) {
      std::vector<std::byte> damaged = file;
      damaged[entry.offset + at] ^= std::byte{16};
      EXPECT_EQ(refusal(damaged), "test.pack: '" + entry.key.name + "' does not match its checksum");
    }
  }
}

TEST_F(PackCheck, FindsPiecesThatChangedPlaces) {
  constexpr size_t kPiece = size_t{1} << 20;
  const PackedBytes bytes = made_up_bytes(2 * kPiece, 1);
  std::vector<std::byte> exchanged(bytes.get() + kPiece, bytes.get() + 2 * kPiece);
  exchanged.insert(exchanged.end(), bytes.get(), bytes.get() + kPiece);
  EXPECT_NE(matrix_checksum(exchanged), matrix_checksum({bytes.get(), 2 * kPiece}));
}

}  // namespace
}  // namespace estoc
