// Products of panels in all their forms against the scalar reference.
#include "kernels/panels.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "kernels/test_kernels.h"

namespace estoc::kernels {
namespace {

class PanelsTest : public IsaTest {};

// What codes of a panel are: a table has the extreme values of a byte.
struct CodeKind {
  int bits;
  const uint8_t* values;
};
constexpr uint8_t kValues[16] = {1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 255};
constexpr CodeKind kCodeKinds[] = {{4, nullptr}, {8, nullptr}, {4, kValues}};
constexpr ScaleType kScaleTypes[] = {ScaleType::f16, ScaleType::bf16, ScaleType::f32};

std::string name_of(const CodeKind& kind) {
  return "bits " + std::to_string(kind.bits) + (kind.values == nullptr ? "" : " of a table");
}

TEST_P(PanelsTest, PanelGemm) {
  for (const CodeKind& kind : kCodeKinds) {
    for (const int group : {16, 32}) {
      if (kind.values != nullptr && group != 32) continue;
      for (const bool has_min : {false, true}) {
        for (const ScaleType scale : kScaleTypes) {
          for (const int64_t x_rows : {1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 17}) {
            const int64_t w_rows = uniform(1, 90), columns = 32 * uniform(1, 12);
            const auto test = make_panel_case(rng_, kind.bits, group, has_min, scale, w_rows, columns, x_rows,
                                              x_rows % 4 == 3, x_rows % 2 == 1, kind.values);
            const int64_t stride = w_rows + 3;
            const bool is_added = uniform(0, 1) == 1;
            std::vector<float> got(static_cast<size_t>(x_rows * stride), 7.0f), expected = got;
            fast().panel_gemm(test.matrix, 0, test.matrix.panel_count(), test.rows, 0, x_rows,
                              {got.data(), stride, is_added});
            scalar.panel_gemm(test.matrix, 0, test.matrix.panel_count(), test.rows, 0, x_rows,
                              {expected.data(), stride, is_added});
            SCOPED_TRACE(name_of(kind) + " group " + std::to_string(group) + " min " + std::to_string(has_min) +
                         " rows " + std::to_string(x_rows));
            expect_near(got, expected, 1e-4, 3e-4 * std::sqrt(static_cast<double>(columns)));
          }
        }
      }
    }
  }
}

TEST_P(PanelsTest, TileGemm) {
  for (const CodeKind& kind : kCodeKinds) {
    for (const int group : {16, 32}) {
      if (kind.values != nullptr && group != 32) continue;
      for (const bool has_min : {false, true}) {
        for (const int64_t x_rows : {1, 15, 16, 17, 32, 33, 49, 65}) {
          const int64_t w_rows = uniform(1, 90), columns = 32 * uniform(1, 40);
          const auto test =
              make_panel_case(rng_, kind.bits, group, has_min, kScaleTypes[static_cast<size_t>(x_rows % 3)], w_rows,
                              columns, 1, x_rows == 17, false, kind.values);
          const auto x = random(x_rows * columns);
          std::vector<uint16_t> tiles(static_cast<size_t>((x_rows + 15) / 16 * 16 * columns)), tiles_expected = tiles;
          for (int64_t row = 0; row < x_rows; row += 16) {
            const size_t at = static_cast<size_t>(row * columns);
            const int64_t rows = std::min<int64_t>(16, x_rows - row);
            fast().make_row_tiles(&x[at], rows, columns, columns, &tiles[at]);
            scalar.make_row_tiles(&x[at], rows, columns, columns, &tiles_expected[at]);
          }
          EXPECT_EQ(tiles, tiles_expected);
          const int64_t stride = w_rows + 3;
          const bool is_added = uniform(0, 1) == 1;
          std::vector<float> got(static_cast<size_t>(x_rows * stride), 7.0f), expected = got;
          const RowTiles rows{.values = tiles.data(), .rows = x_rows, .columns = columns};
          fast().tile_gemm(test.matrix, 0, test.matrix.panel_count(), rows, {got.data(), stride, is_added});
          scalar.tile_gemm(test.matrix, 0, test.matrix.panel_count(), rows, {expected.data(), stride, is_added});
          SCOPED_TRACE(name_of(kind) + " group " + std::to_string(group) + " rows " + std::to_string(x_rows) +
                       " columns " + std::to_string(columns));
          // Weights a whole unit of rounding apart are rare: ties, and products that round differently in f32.
          const double weight_size = kind.bits == 4 && kind.values == nullptr ? 0.4 : 6.4;
          expect_near(got, expected, 1e-4, 2e-4 * weight_size * std::sqrt(static_cast<double>(columns)));
        }
      }
    }
  }
}

// Code tiles in memory of their own.
struct CodedRows {
  CodedRows(int64_t rows, int64_t columns) : view{.rows = rows, .columns = columns} {
    const auto tiles = static_cast<size_t>(CodeTiles::tile_count(rows));
    const auto stretches = tiles * static_cast<size_t>(view.stretch_count());
    codes.resize(tiles * static_cast<size_t>(view.column_tiles() * CodeTiles::kTileCodes));
    high_codes.resize(codes.size());
    scales.resize(stretches * 16);
    marks.resize(stretches);
    sums.resize(stretches * 2 * 16);
    view.codes = codes.data();
    view.high_codes = high_codes.data();
    view.scales = scales.data();
    view.marks = marks.data();
    view.sums = sums.data();
  }
  void make(const Kernels& table, const std::vector<float>& x) {
    for (int64_t row = 0; row < view.rows; row += 16) {
      const int64_t tile = row / 16, codes_at = tile * view.column_tiles() * CodeTiles::kTileCodes;
      table.make_code_tiles(&x[static_cast<size_t>(row * view.columns)], std::min<int64_t>(16, view.rows - row),
                            view.columns, view.columns,
                            {.codes = codes.data() + codes_at,
                             .high_codes = high_codes.data() + codes_at,
                             .scales = scales.data() + tile * view.stretch_count() * 16,
                             .marks = marks.data() + tile * view.stretch_count(),
                             .sums = sums.data() + tile * view.stretch_count() * 2 * 16});
    }
  }
  int mark_count() const {
    int count = 0;
    for (const uint16_t mark : marks) count += std::popcount(mark);
    return count;
  }

  std::vector<int8_t> codes, high_codes;
  std::vector<float> scales;
  std::vector<uint16_t> marks;
  std::vector<int32_t> sums;
  CodeTiles view;
};

// Outliers in one column of all rows, in single values, and beyond what any other value can be seen beside.
void add_outliers(std::vector<float>& x, int64_t columns, float size) {
  for (size_t i = 0; i < x.size(); i += static_cast<size_t>(columns)) x[i + static_cast<size_t>(columns) / 3] = size;
  x[x.size() / 2] = -size;
  if (x.size() > 4000) x[4000] = 3000 * size;
}

TEST_P(PanelsTest, CodeTiles) {
  for (const int64_t columns : {32, 96, 576, 1024, 1056, 2080}) {
    for (const int64_t x_rows : {1, 15, 16, 33}) {
      for (const float outlier : {0.0f, 25.0f}) {
        auto x = random(x_rows * columns);
        if (outlier != 0) add_outliers(x, columns, outlier);
        CodedRows got(x_rows, columns), expected(x_rows, columns);
        got.make(fast(), x);
        expected.make(scalar, x);
        EXPECT_EQ(got.codes, expected.codes);
        EXPECT_EQ(got.high_codes, expected.high_codes);
        EXPECT_EQ(got.scales, expected.scales);
        EXPECT_EQ(got.marks, expected.marks);
        EXPECT_EQ(got.sums, expected.sums);
        EXPECT_TRUE(outlier == 0 || columns < 576 || got.mark_count() > 0);
      }
    }
  }
}

TEST_P(PanelsTest, CodeTileGemm) {
  for (const bool has_min : {false, true}) {
    for (const float outlier : {0.0f, 25.0f}) {
      for (const int64_t x_rows : {1, 15, 16, 17, 32, 33, 49, 65}) {
        const int64_t w_rows = uniform(1, 90), columns = 32 * (x_rows % 2 == 1 ? uniform(1, 12) : uniform(25, 70));
        const auto test = make_panel_case(rng_, 4, 32, has_min, x_rows % 2 == 1 ? ScaleType::f16 : ScaleType::f32,
                                          w_rows, columns, 1, x_rows == 17, false);
        auto x = random(x_rows * columns);
        if (outlier != 0) add_outliers(x, columns, outlier);
        CodedRows rows(x_rows, columns);
        rows.make(scalar, x);
        const int64_t stride = w_rows + 3;
        const bool is_added = uniform(0, 1) == 1;
        std::vector<float> got(static_cast<size_t>(x_rows * stride), 7.0f), expected = got;
        fast().code_tile_gemm(test.matrix, 0, test.matrix.panel_count(), rows.view, {got.data(), stride, is_added});
        scalar.code_tile_gemm(test.matrix, 0, test.matrix.panel_count(), rows.view,
                              {expected.data(), stride, is_added});
        SCOPED_TRACE("min " + std::to_string(has_min) + " rows " + std::to_string(x_rows) + " columns " +
                     std::to_string(columns));
        // The integers are the same; a few sums of f32 differ in their last bits.
        const double size = (1 + outlier) * std::sqrt(static_cast<double>(columns));
        expect_near(got, expected, 1e-5, 1e-6 * size);
      }
    }
  }
}

TEST_P(PanelsTest, PanelGemmWritesOnlyItsRange) {
  const auto test = make_panel_case(rng_, 4, 32, true, ScaleType::f16, 70, 96, 6, false, false);
  std::vector<float> whole(6 * 70), parts(6 * 70, -1.0f);
  fast().panel_gemm(test.matrix, 0, 5, test.rows, 0, 6, {whole.data(), 70});
  fast().panel_gemm(test.matrix, 3, 5, test.rows, 2, 6, {parts.data(), 70});
  for (int r = 0; r < 6; ++r) {
    for (int n = 0; n < 70; ++n) {
      const size_t at = static_cast<size_t>(r * 70 + n);
      EXPECT_EQ(parts[at], r >= 2 && n >= 48 ? whole[at] : -1.0f);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, PanelsTest, isa_levels(), isa_test_name);

}  // namespace
}  // namespace estoc::kernels
