#include "hub/part_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "base/mapped_file.h"
#include "base/test_directory.h"

namespace estoc {
namespace {

constexpr uint64_t kPiece = PartFile::kPieceBytes;

TEST(PartFile, GoesOnWhereItWas) {
  const TemporaryDirectory folder;
  const std::string path = folder.path() + "/x.incomplete";
  const std::string piece(kPiece, 'p'), rest(10, 'r');
  {
    PartFile part(path, "id", kPiece + 10);
    EXPECT_EQ(part.piece_count(), 2u);
    EXPECT_EQ(part.piece_bytes(1), 10u);
    part.write(kPiece, rest);
    part.record(1);
  }
  {
    PartFile part(path, "id", kPiece + 10);
    EXPECT_FALSE(part.has_piece(0));
    EXPECT_TRUE(part.has_piece(1));
    EXPECT_EQ(part.bytes_had(), 10u);
    part.write(0, piece);
    part.record(0);
    part.become(folder.path() + "/x");
  }
  EXPECT_EQ(read_file(folder.path() + "/x"), piece + rest);
  EXPECT_FALSE(std::filesystem::exists(path) || std::filesystem::exists(path + ".parts"));
}

TEST(PartFile, AnotherFileBeginsAnew) {
  const TemporaryDirectory folder;
  const std::string path = folder.path() + "/x";
  const auto begin = [&] {
    PartFile part(path, "id", 10);
    part.write(0, "0123456789");
    part.record(0);
  };
  begin();
  EXPECT_FALSE(PartFile(path, "other", 10).has_piece(0));
  begin();
  EXPECT_FALSE(PartFile(path, "id", 11).has_piece(0));
  begin();
  folder.write("x.parts", "estoc parts 1 id 10 8388608\n2");
  EXPECT_FALSE(PartFile(path, "id", 10).has_piece(0)) << "a digit that is none";
  begin();
  folder.write("x.parts", "");
  EXPECT_FALSE(PartFile(path, "id", 10).has_piece(0));
  begin();
  EXPECT_TRUE(PartFile(path, "id", 10).has_piece(0));
}

TEST(PartFile, NothingIsAFileToo) {
  const TemporaryDirectory folder;
  PartFile part(folder.path() + "/x", "id", 0);
  EXPECT_FALSE(part.is_complete());
  part.record(0);
  part.become(folder.path() + "/y");
  EXPECT_EQ(std::filesystem::file_size(folder.path() + "/y"), 0u);
}

}  // namespace
}  // namespace estoc
