// Products of rows of 8-bit floats at every ISA level against the scalar reference.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "kernels/test_kernels.h"

namespace estoc::kernels {
namespace {

// Random codes but for the two that are NaN, at an odd address, and factors of any geometry.
struct F8Case {
  std::vector<std::byte> memory;
  std::vector<float> scales;
  F8Rows rows;
};

class F8Test : public IsaTest {
 protected:
  F8Case make(int64_t rows, int64_t columns, int64_t scale_rows, int64_t scale_columns) {
    F8Case made;
    const int64_t stride = columns + uniform(0, 5);
    made.memory.resize(static_cast<size_t>(rows * stride - (stride - columns) + 1));
    for (std::byte& byte : made.memory) {
      int code = uniform(0, 255);
      if ((code & 0x7F) == 0x7F) code = 0;
      byte = static_cast<std::byte>(code);
    }
    const int64_t blocks = (columns + scale_columns - 1) / scale_columns, across = (rows + scale_rows - 1) / scale_rows;
    made.scales = random(blocks * across, 0.01f);
    made.rows = {.codes = made.memory.data() + 1,
                 .rows = rows,
                 .columns = columns,
                 .stride_bytes = stride,
                 .scales = made.scales.data(),
                 .scale_stride = across,
                 .scale_rows = scale_rows,
                 .scale_columns = scale_columns};
    return made;
  }
  // How large sums get: codes are up to 448, and a rounding is of that.
  static double size_of(int64_t columns) { return 150 * 0.01 * std::sqrt(static_cast<double>(columns)); }
};

TEST_P(F8Test, WidensEveryCode) {
  for (const int64_t columns : {1, 31, 32, 256, 300}) {
    const F8Case made = make(7, columns, 1, columns > 128 ? 128 : columns);
    std::vector<float> got(static_cast<size_t>(7 * columns)), expected = got;
    fast().widen_f8(made.rows, got.data());
    scalar.widen_f8(made.rows, expected.data());
    EXPECT_EQ(got, expected);
  }
  // And each by itself.
  std::vector<std::byte> codes(256);
  for (size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::byte>(i);
  const float one = 1;
  const F8Rows rows{.codes = codes.data(), .rows = 1, .columns = 256, .stride_bytes = 256, .scales = &one,
                    .scale_stride = 1, .scale_rows = 16, .scale_columns = 256};
  std::vector<float> got(256), expected(256);
  fast().widen_f8(rows, got.data());
  scalar.widen_f8(rows, expected.data());
  EXPECT_EQ(got, expected);
  EXPECT_EQ(got[127], 480.0f);
}

// One row of activations that is 1 in one column: every code comes out of products as it is.
TEST_P(F8Test, ProductsOfOneAreTheCodes) {
  constexpr int64_t kColumns = 256;
  std::vector<std::byte> codes(kColumns);
  for (size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::byte>((i & 0x7F) == 0x7F ? 0 : i);
  const float scale = 0.75f;
  const F8Rows rows{.codes = codes.data(), .rows = 1, .columns = kColumns, .stride_bytes = kColumns, .scales = &scale,
                    .scale_stride = 1, .scale_rows = 16, .scale_columns = kColumns};
  std::vector<float> widened(kColumns);
  scalar.widen_f8(rows, widened.data());
  for (size_t k = 0; k < kColumns; ++k) {
    std::vector<float> x(kColumns);
    x[k] = 1;
    float got = 0;
    fast().f8_gemm(rows, x.data(), 1, kColumns, {&got, 1});
    ASSERT_EQ(got, widened[k]) << k;
    std::vector<uint16_t> tiles(16 * kColumns);
    fast().make_row_tiles(x.data(), 1, kColumns, kColumns, tiles.data());
    fast().f8_tile_gemm(rows, {.values = tiles.data(), .rows = 1, .columns = kColumns}, {&got, 1});
    ASSERT_EQ(got, widened[k]) << k;
  }
}

TEST_P(F8Test, Gemm) {
  for (const int64_t columns : {1, 8, 36, 64, 160, 172, 576, 1000}) {
    for (const int64_t scale_columns : {int64_t{32}, int64_t{128}, columns}) {
      for (const int64_t scale_rows : {1, 16}) {
        const int64_t w_rows = uniform(1, 21), x_rows = uniform(1, 6);
        const F8Case w = make(w_rows, columns, scale_rows, std::min(scale_columns, columns));
        const auto x = random(x_rows * columns);
        std::vector<float> got(static_cast<size_t>(x_rows * w_rows), 0.5f), expected = got;
        const bool is_added = uniform(0, 1) == 1;
        fast().f8_gemm(w.rows, x.data(), x_rows, columns, {got.data(), w_rows, is_added});
        scalar.f8_gemm(w.rows, x.data(), x_rows, columns, {expected.data(), w_rows, is_added});
        SCOPED_TRACE("columns " + std::to_string(columns) + " scales " + std::to_string(scale_rows) + " x " +
                     std::to_string(scale_columns));
        const double rounding = fast().isa == Isa::amx ? 1e-2 : 2e-6;  // of activations to bf16, or of sums
        expect_near(got, expected, rounding, rounding * size_of(columns));
      }
    }
  }
}

// Which rows come together changes no bit of any.
TEST_P(F8Test, ARowIsTheSameInEveryCompany) {
  constexpr int64_t kColumns = 416, kRows = 7, kWeights = 23;
  const F8Case w = make(kWeights, kColumns, 1, 128);
  const auto x = random(kRows * kColumns);
  std::vector<float> all(kRows * kWeights), one(kWeights);
  fast().f8_gemm(w.rows, x.data(), kRows, kColumns, {all.data(), kWeights});
  for (size_t r = 0; r < kRows; ++r) {
    fast().f8_gemm(w.rows, &x[r * kColumns], 1, kColumns, {one.data(), kWeights});
    EXPECT_TRUE(std::equal(one.begin(), one.end(), all.begin() + static_cast<ptrdiff_t>(r * kWeights))) << r;
  }
}

TEST_P(F8Test, TileGemm) {
  for (const int64_t x_rows : {1, 8, 9, 16, 17, 32, 33, 49, 65}) {
    for (const int64_t scale_rows : {1, 16}) {
      const int64_t w_rows = uniform(1, 90), columns = 32 * (x_rows % 2 == 1 ? uniform(1, 12) : uniform(25, 150));
      const int64_t blocks[] = {32, 128, 320, 2048, columns};
      const int64_t scale_columns = std::min(blocks[uniform(0, 4)], columns);
      const F8Case w = make(w_rows, columns, scale_rows, scale_columns);
      const auto x = random(x_rows * columns);
      std::vector<uint16_t> tiles(static_cast<size_t>((x_rows + 15) / 16 * 16 * columns));
      for (int64_t row = 0; row < x_rows; row += 16) {
        const auto at = static_cast<size_t>(row * columns);
        fast().make_row_tiles(&x[at], std::min<int64_t>(16, x_rows - row), columns, columns, &tiles[at]);
      }
      const RowTiles rows{.values = tiles.data(), .rows = x_rows, .columns = columns};
      const int64_t stride = w_rows + 3;
      const bool is_added = uniform(0, 1) == 1;
      std::vector<float> got(static_cast<size_t>(x_rows * stride), 0.5f), expected = got;
      fast().f8_tile_gemm(w.rows, rows, {got.data(), stride, is_added});
      scalar.f8_tile_gemm(w.rows, rows, {expected.data(), stride, is_added});
      SCOPED_TRACE("rows " + std::to_string(x_rows) + " x " + std::to_string(w_rows) + " columns " +
                   std::to_string(columns) + " scales " + std::to_string(scale_rows) + " x " +
                   std::to_string(scale_columns));
      expect_near(got, expected, 2e-6, 2e-6 * size_of(columns));  // the same numbers are multiplied
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, F8Test, isa_levels(), isa_test_name);

}  // namespace
}  // namespace estoc::kernels
