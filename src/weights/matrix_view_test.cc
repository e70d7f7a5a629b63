#include "weights/matrix_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "quant/f8.h"
#include "weights/test_refusal.h"

namespace estoc {
namespace {

// A tensor of made-up values and its bytes.
struct Stored {
  std::vector<std::byte> bytes;
  WeightTensor tensor;
};

Stored store(const char* format_name, std::vector<int64_t> shape) {
  const QuantFormat& format = *find_format(format_name);
  Stored stored;
  stored.tensor.name = stored.tensor.source_name = "m.weight";
  stored.tensor.file = "m.gguf";
  stored.tensor.format = &format;
  stored.tensor.shape = std::move(shape);
  std::vector<float> values(static_cast<size_t>(stored.tensor.element_count()));
  uint32_t state = 1;
  for (float& value : values) {
    state = state * 1664525 + 1013904223;
    value = static_cast<float>(static_cast<int32_t>(state) >> 20) / 1024;
  }
  stored.bytes.resize(static_cast<size_t>(format.row_bytes(stored.tensor.element_count())));
  if (format.encode != nullptr) format.encode(values.data(), stored.bytes.data(), stored.tensor.element_count());
  stored.tensor.bytes = stored.bytes;
  return stored;
}

std::vector<float> decoded(const MatrixView& view, int64_t r) {
  std::vector<float> row(static_cast<size_t>(view.columns()));
  view.decode(r, row.data());
  return row;
}

// Codes of FP8 and a scale for each block, all of them different.
struct ScaledStored : Stored {
  ScaledStored(int64_t rows, int64_t columns, int64_t block_rows, int64_t block_columns)
      : Stored(store("f8_e4m3", {rows, columns})) {
    tensor.bytes = bytes;
    const int64_t across = (columns + block_columns - 1) / block_columns, down = (rows + block_rows - 1) / block_rows;
    for (int64_t i = 0; i < across * down; ++i) scales.push_back(1 + static_cast<float>(i));
    tensor.scales = {.format = &f32,
                     .bytes = std::as_bytes(std::span(scales)),
                     .block_rows = block_rows,
                     .block_columns = block_columns,
                     .columns = across};
  }
  float value(int64_t r, int64_t c) const {
    std::vector<float> row(static_cast<size_t>(tensor.columns()));
    f8_e4m3.decode(tensor.row(r), row.data(), tensor.columns());
    const BlockScales& grid = tensor.scales;
    const int64_t block = r / grid.block_rows * grid.columns + c / grid.block_columns;
    return row[static_cast<size_t>(c)] * scales[static_cast<size_t>(block)];
  }
  std::vector<float> scales;
};

TEST(MatrixView, ScalesGoWithSlicesAndOrders) {
  const ScaledStored stored(13, 20, 4, 8);
  const MatrixView all(stored.tensor);
  EXPECT_EQ(all.scale_columns(), 8);
  EXPECT_TRUE(all.is_evenly_scaled(4, 4));
  EXPECT_FALSE(all.is_evenly_scaled(3, 2));
  const MatrixView part = all.slice_columns(12, 8).pick_rows(1, 6, RowMap::groups(1, 2));
  EXPECT_EQ(part.scale_columns(), 4);
  EXPECT_EQ(all.slice_columns(16, 4).scale_columns(), 4);
  for (int64_t r = 0; r < part.rows(); ++r) {
    const std::vector<float> row = decoded(part, r);
    for (int64_t c = 0; c < part.columns(); ++c) {
      EXPECT_EQ(row[static_cast<size_t>(c)], stored.value(1 + 2 * r, 12 + c)) << r << " " << c;
      EXPECT_EQ(part.scale(r, c), all.scale(1 + 2 * r, 12 + c));
    }
  }
}

TEST(MatrixView, ScalesTurnWithTheirBlocks) {
  for (const auto& [block_rows, block_columns] :
       {std::pair<int64_t, int64_t>{4, 8}, {12, 20}, {1, 20}, {6, 5}, {5, 3}}) {
    const ScaledStored stored(12, 20, block_rows, block_columns);
    for (const int64_t pieces : {1, 2, 3}) {
      const MatrixView turned = MatrixView(stored.tensor).transposed(pieces);
      const int64_t piece = 12 / pieces;
      ASSERT_EQ(turned.rows(), pieces * 20);
      ASSERT_EQ(turned.columns(), piece);
      for (int64_t r = 0; r < turned.rows(); ++r) {
        const std::vector<float> row = decoded(turned, r);
        for (int64_t c = 0; c < piece; ++c) {
          EXPECT_EQ(row[static_cast<size_t>(c)], stored.value(r / 20 * piece + c, r % 20)) << r << " " << c;
        }
      }
    }
  }
  // As many columns as can share a scale do.
  const ScaledStored stored(64, 32, 32, 32);
  EXPECT_EQ(MatrixView(stored.tensor).transposed().scale_columns(), 32);
  EXPECT_EQ(MatrixView(stored.tensor).transposed(2).scale_columns(), 32);
}

TEST(RowMap, OfAdjacentPairsTakesEachRowOfAHeadOnce) {
  const RowMap map = RowMap::adjacent_pairs(6);
  std::vector<int64_t> stored;
  for (int64_t r = 0; r < 12; ++r) stored.push_back(map.stored_row(r));
  EXPECT_EQ(stored, (std::vector<int64_t>{0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11}));
  EXPECT_EQ(RowMap().stored_row(7), 7);
  EXPECT_NE(map, RowMap());
}

TEST(MatrixView, OfATensorIsItsRows) {
  const Stored stored = store("q4_k", {5, 512});
  const MatrixView view(stored.tensor);
  ASSERT_EQ(view.rows(), 5);
  ASSERT_EQ(view.columns(), 512);
  EXPECT_EQ(view.stored_bytes(), stored.bytes.size());
  EXPECT_TRUE(view.has_even_runs(16));
  for (int64_t r = 0; r < 5; ++r) {
    std::vector<float> row(512);
    stored.tensor.decode_row(r, row.data());
    EXPECT_EQ(decoded(view, r), row);
    EXPECT_EQ(view.row(r), stored.bytes.data() + r * view.row_stride_bytes());
  }
}

// Fused projections, and experts stacked in a third dimension.
TEST(MatrixView, SlicesOfRowsDecodeToTheSameRows) {
  for (const char* format : {"f32", "bf16", "q8_0", "q4_1", "q6_k"}) {
    const Stored stored = store(format, {3, 24, 256});
    const MatrixView all(stored.tensor);
    ASSERT_EQ(all.rows(), 72);
    const MatrixView second = all.slice_rows(24, 24), part = second.slice_rows(5, 7);
    EXPECT_EQ(part.slice(), (MatrixSlice{.first_row = 29, .rows = 7, .columns = 256}));
    for (int64_t r = 0; r < 7; ++r) EXPECT_EQ(decoded(part, r), decoded(all, 29 + r)) << format;
  }
}

TEST(MatrixView, SlicesOfRowsKeepTheOrderOfTheModel) {
  Stored stored = store("q8_0", {24, 64});
  stored.tensor.row_map = RowMap::adjacent_pairs(6);
  const MatrixView all(stored.tensor), part = all.slice_rows(7, 10);
  EXPECT_FALSE(part.has_even_runs(2));
  for (int64_t r = 0; r < 10; ++r) EXPECT_EQ(decoded(part, r), decoded(all, 7 + r));
}

TEST(MatrixView, SlicesOfColumnsAreStretchesOfEachRow) {
  for (const char* format : {"f16", "q4_0", "q5_k"}) {
    const Stored stored = store(format, {9, 1024});
    const MatrixView all(stored.tensor), part = all.slice_rows(2, 6).slice_columns(256, 512);
    for (int64_t r = 0; r < 6; ++r) {
      const std::vector<float> row = decoded(all, 2 + r);
      EXPECT_EQ(decoded(part, r), std::vector<float>(row.begin() + 256, row.begin() + 768)) << format;
      EXPECT_EQ(part.row(r) - part.row(0), r * part.row_stride_bytes());
    }
    EXPECT_EQ(part.stored_bytes(), static_cast<uint64_t>(6 * part.format().row_bytes(512)));
  }
}

TEST(MatrixView, SlicesUnpackToTheSameIntegers) {
  const Stored stored = store("q4_1", {4, 256});
  const MatrixView all(stored.tensor), part = all.slice_rows(1, 2).slice_columns(64, 96);
  std::vector<uint8_t> codes(256), some_codes(96);
  std::vector<float> scales(8), mins(8), some_scales(3), some_mins(3);
  all.unpack(2, codes.data(), scales.data(), mins.data());
  part.unpack(1, some_codes.data(), some_scales.data(), some_mins.data());
  EXPECT_TRUE(std::equal(some_codes.begin(), some_codes.end(), codes.begin() + 64));
  EXPECT_TRUE(std::equal(some_scales.begin(), some_scales.end(), scales.begin() + 2));
  EXPECT_TRUE(std::equal(some_mins.begin(), some_mins.end(), mins.begin() + 2));
}

TEST(RowMap, OfPairsInPartOfAHeadLeavesTheRest) {
  const RowMap map = RowMap::adjacent_pairs(6, 4);
  std::vector<int64_t> stored;
  for (int64_t r = 0; r < 12; ++r) stored.push_back(map.stored_row(r));
  EXPECT_EQ(stored, (std::vector<int64_t>{0, 2, 1, 3, 4, 5, 6, 8, 7, 9, 10, 11}));
  EXPECT_NE(map, RowMap::adjacent_pairs(6));
}

// Heads of 4 rows, of which each group of 10 has two from its row 1 on.
TEST(MatrixView, PicksGroupsOfRowsInAnyOrder) {
  const Stored stored = store("q8_0", {30, 64});
  const MatrixView all(stored.tensor);
  const MatrixView picked = all.pick_rows(1, 24, RowMap::groups(8, 10));
  const MatrixView turned = all.pick_rows(1, 24, RowMap::adjacent_pairs(4).inside(RowMap::groups(8, 10)));
  EXPECT_EQ(picked.rows(), 24);
  EXPECT_TRUE(picked.has_even_runs(4));
  EXPECT_FALSE(picked.has_even_runs(16));
  EXPECT_FALSE(turned.has_even_runs(4));
  EXPECT_NE(picked.slice(), turned.slice());
  for (int64_t r = 0; r < 24; ++r) {
    EXPECT_EQ(decoded(picked, r), decoded(all, 1 + r / 8 * 10 + r % 8));
    constexpr int64_t kPairs[] = {0, 2, 1, 3};
    EXPECT_EQ(decoded(turned, r), decoded(picked, r / 4 * 4 + kPairs[r % 4]));
  }
}

TEST(MatrixView, TransposedOwnsItsCopy) {
  for (const char* format : {"f32", "bf16"}) {
    const Stored stored = store(format, {2, 5, 3});
    const MatrixView all(stored.tensor), second = all.slice_rows(5, 5), turned = second.transposed();
    ASSERT_EQ(turned.rows(), 3);
    ASSERT_EQ(turned.columns(), 5);
    EXPECT_NE(turned.tensor().name, all.slice_rows(0, 5).transposed().tensor().name);
    for (int64_t r = 0; r < 3; ++r) {
      for (int64_t c = 0; c < 5; ++c) {
        EXPECT_EQ(decoded(turned, r)[static_cast<size_t>(c)], decoded(second, c)[static_cast<size_t>(r)]);
      }
    }
  }
  const Stored blocks = store("q8_0", {32, 32});
  expect_refused(ErrorCode::unsupported,
                 "m.gguf: tensor 'm.weight' cannot be transposed: its format, q8_0, has blocks of 32",
                 [&] { (void)MatrixView(blocks.tensor).transposed(); });
}

// Two matrices of three rows out of pieces of five, each turned by itself.
TEST(MatrixView, PiecesAreTransposedOneByOne) {
  for (const char* format : {"f32", "bf16"}) {
    const Stored stored = store(format, {10, 4});
    const MatrixView all(stored.tensor), chosen = all.pick_rows(1, 6, RowMap::groups(3, 5));
    const MatrixView turned = chosen.transposed(2);
    ASSERT_EQ(turned.rows(), 8);
    ASSERT_EQ(turned.columns(), 3);
    EXPECT_EQ(turned.format().name, format);
    for (int64_t r = 0; r < 8; ++r) {
      for (int64_t c = 0; c < 3; ++c) {
        const float expected = decoded(all, 1 + r / 4 * 5 + c)[static_cast<size_t>(r % 4)];
        EXPECT_EQ(decoded(turned, r)[static_cast<size_t>(c)], expected);
      }
    }
  }
}

// Blocks along the rows cannot be turned, but what they hold can be said in another format.
TEST(MatrixView, TransposedInAnotherFormat) {
  const Stored blocks = store("q8_0", {64, 32});
  const MatrixView all(blocks.tensor), real = all.transposed(2, &f32), rounded = all.transposed(2, find_format("q8_0"));
  for (const MatrixView& turned : {real, rounded}) {
    ASSERT_EQ(turned.rows(), 64);
    ASSERT_EQ(turned.columns(), 32);
  }
  for (int64_t r = 0; r < 64; ++r) {
    for (int64_t c = 0; c < 32; ++c) {
      const float expected = decoded(all, r / 32 * 32 + c)[static_cast<size_t>(r % 32)];
      EXPECT_EQ(decoded(real, r)[static_cast<size_t>(c)], expected);
      EXPECT_NEAR(decoded(rounded, r)[static_cast<size_t>(c)], expected, 0.01f);
    }
  }
}

// The same numbers as blocks of one tensor and as codes and scales of two, whose bytes hold neighbours.
TEST(MatrixView, Mxfp4InTwoTensors) {
  const Stored whole = store("mxfp4", {4, 96});
  Stored blocks = store("u8", {2, 2, 3, 16}), scales = store("u8", {2, 2, 3});
  for (size_t block = 0; block < 12; ++block) {
    const std::byte* from = whole.bytes.data() + block * 17;
    scales.bytes[block] = from[0];
    const auto code = [&](size_t i) { return i < 16 ? from[1 + i] & std::byte{15} : from[1 + i - 16] >> 4; };
    for (size_t i = 0; i < 16; ++i) blocks.bytes[block * 16 + i] = code(2 * i) | code(2 * i + 1) << 4;
  }
  const MatrixView expected(whole.tensor), view = MatrixView::mxfp4_of(blocks.tensor, scales.tensor);
  ASSERT_EQ(view.rows(), 4);
  ASSERT_EQ(view.columns(), 96);
  EXPECT_EQ(view.format().name, "mxfp4");
  EXPECT_EQ(view.stored_bytes(), expected.stored_bytes());
  for (int64_t r = 0; r < 4; ++r) EXPECT_EQ(decoded(view, r), decoded(expected, r));
  const MatrixView turns = view.pick_rows(1, 2, RowMap::groups(1, 2));
  EXPECT_EQ(decoded(turns, 1), decoded(expected, 3));
  EXPECT_EQ(decoded(view.slice_rows(2, 2).slice_columns(32, 64), 0), decoded(expected.slice_columns(32, 64), 2));
  const Stored real = store("f32", {2, 2, 3, 16});
  expect_refused(ErrorCode::corrupt_file, "m.gguf: tensor 'm.weight' is stored as f32, expected bytes (u8)",
                 [&] { (void)MatrixView::mxfp4_of(real.tensor, scales.tensor); });
}

TEST(MatrixView, ABlockIsNotCut) {
  const Stored stored = store("q4_k", {2, 512});
  const MatrixView all(stored.tensor);
  expect_refused(ErrorCode::unsupported,
                 "m.gguf: tensor 'm.weight' cannot be cut into columns 256 to 320: its format, q4_k, has blocks of 256",
                 [&] { (void)all.slice_columns(256, 64); });
  expect_refused(ErrorCode::unsupported, "columns 32 to 288", [&] { (void)all.slice_columns(32, 256); });
}

}  // namespace
}  // namespace estoc
