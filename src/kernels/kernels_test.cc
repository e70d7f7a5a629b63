// Every cell of every ISA level against the scalar reference, on the same random and adversarial buffers.
#include "kernels/kernels.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "quant/half.h"

namespace estoc::kernels {
namespace {

class KernelsTest : public testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (!is_supported(GetParam())) GTEST_SKIP() << "this CPU has no " << isa_name(GetParam());
  }
  const Kernels& fast() { return table_of(GetParam()); }

  std::vector<float> random(int64_t count, float spread = 1.0f) {
    std::normal_distribution<float> normal(0.0f, spread);
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = normal(rng_);
    return values;
  }
  int uniform(int low, int high) { return std::uniform_int_distribution<int>(low, high)(rng_); }

  std::mt19937 rng_{12345};
};

void expect_near(const std::vector<float>& got, const std::vector<float>& expected, double relative, double absolute) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], expected[i], absolute + relative * std::fabs(expected[i])) << "at " << i;
  }
}

TEST_P(KernelsTest, RmsNorm) {
  for (const int64_t count : {1, 7, 8, 15, 16, 17, 48, 576, 1003}) {
    const auto x = random(count, 3.0f), weight = random(count);
    std::vector<float> got(x.size()), expected(x.size());
    fast().rms_norm(x.data(), weight.data(), 1e-5f, count, got.data());
    scalar.rms_norm(x.data(), weight.data(), 1e-5f, count, expected.data());
    expect_near(got, expected, 2e-6, 1e-7);
    std::vector<float> alias = x;
    fast().rms_norm(alias.data(), weight.data(), 1e-5f, count, alias.data());
    expect_near(alias, got, 0, 0);
  }
  const std::vector<float> zeros(33, 0.0f), weight = random(33);
  std::vector<float> got(33, 1.0f);
  fast().rms_norm(zeros.data(), weight.data(), 1e-5f, 33, got.data());
  for (const float value : got) EXPECT_EQ(value, 0.0f);
}

TEST_P(KernelsTest, Rope) {
  for (const int64_t half : {1, 4, 8, 24, 32, 64, 33}) {
    const auto head = random(2 * half);
    std::vector<float> cos(static_cast<size_t>(half)), sin(static_cast<size_t>(half));
    for (int64_t i = 0; i < half; ++i) {
      cos[static_cast<size_t>(i)] = std::cos(static_cast<float>(i) * 0.7f);
      sin[static_cast<size_t>(i)] = std::sin(static_cast<float>(i) * 0.7f);
    }
    std::vector<float> got = head, expected = head;
    fast().rope(got.data(), cos.data(), sin.data(), half);
    scalar.rope(expected.data(), cos.data(), sin.data(), half);
    expect_near(got, expected, 1e-6, 1e-6);
  }
}

TEST_P(KernelsTest, SiluMul) {
  auto gate = random(1037, 4.0f);
  gate[0] = 0.0f;
  gate[1] = -0.0f;
  gate[2] = 200.0f;
  gate[3] = -200.0f;
  gate[4] = 1e-40f;
  gate[5] = -87.5f;
  const auto up = random(1037, 2.0f);
  std::vector<float> got(gate.size()), expected(gate.size());
  fast().silu_mul(gate.data(), up.data(), 1037, got.data());
  scalar.silu_mul(gate.data(), up.data(), 1037, expected.data());
  expect_near(got, expected, 1e-5, 1e-30);
}

TEST_P(KernelsTest, AddAndToF16) {
  for (const int64_t count : {1, 5, 16, 31, 100}) {
    auto x = random(count, 1000.0f);
    x[0] = 65504.0f;
    std::vector<float> got(x.size(), 2.0f), expected(x.size(), 2.0f);
    fast().add(x.data(), count, got.data());
    scalar.add(x.data(), count, expected.data());
    expect_near(got, expected, 0, 0);
    std::vector<uint16_t> half(x.size()), half_expected(x.size());
    fast().to_f16(x.data(), count, half.data());
    scalar.to_f16(x.data(), count, half_expected.data());
    EXPECT_EQ(half, half_expected);
  }
}

TEST_P(KernelsTest, QuantizeRow) {
  for (const int64_t columns : {32, 64, 128, 160, 576, 1536}) {
    auto x = random(columns, 2.0f);
    if (columns >= 160) std::fill(x.begin(), x.begin() + 128, 0.0f);  // a block of zeros
    x[static_cast<size_t>(columns) - 1] = 30.0f;                      // an outlier
    const size_t count = static_cast<size_t>(columns / 32);
    for (const bool is_wide : {false, true}) {
      std::vector<int8_t> codes(x.size()), codes_expected(x.size()), low(x.size()), low_expected(x.size());
      std::vector<ActivationScale> scales(static_cast<size_t>(QuantizedRows{.columns = columns}.block_count())),
          scales_expected(scales.size());
      std::vector<ActivationSums> sums(count), sums_expected(count);
      fast().quantize_row(x.data(), columns, codes.data(), is_wide ? low.data() : nullptr, scales.data(), sums.data());
      scalar.quantize_row(x.data(), columns, codes_expected.data(), is_wide ? low_expected.data() : nullptr,
                          scales_expected.data(), sums_expected.data());
      EXPECT_EQ(codes, codes_expected);
      EXPECT_EQ(low, low_expected);
      for (size_t b = 0; b < scales.size(); ++b) {
        EXPECT_EQ(scales[b].scale, scales_expected[b].scale);
        EXPECT_EQ(scales[b].ratio, scales_expected[b].ratio);
      }
      for (size_t g = 0; g < count; ++g) {
        EXPECT_EQ(sums[g].minus_all, sums_expected[g].minus_all);
        EXPECT_EQ(sums[g].all, sums_expected[g].all);
        for (int half = 0; half < 2; ++half) {
          EXPECT_EQ(sums[g].minus_half[half], sums_expected[g].minus_half[half]);
          EXPECT_EQ(sums[g].half[half], sums_expected[g].half[half]);
        }
      }
    }
  }
}

// A panel matrix of random codes and scales, and random activations of extreme codes, on the heap so that a sanitizer
// sees any read past the end.
struct PanelCase {
  std::vector<std::byte> memory;
  PanelMatrix matrix;
  std::vector<int8_t> codes, low_codes;
  std::vector<ActivationScale> scales;
  std::vector<ActivationSums> sums;
  QuantizedRows rows;
};

PanelCase make_panel_case(std::mt19937& rng, int bits, int group, bool has_min, bool is_f16, int64_t w_rows,
                          int64_t columns, int64_t x_rows, bool is_extreme, bool is_wide) {
  PanelCase test;
  test.matrix = {.rows = w_rows,
                 .columns = columns,
                 .bits = bits,
                 .group = group,
                 .zero = has_min     ? 0
                         : bits == 4 ? 8
                                     : 128,
                 .has_min = has_min,
                 .is_scale_f16 = is_f16};
  test.memory.resize(static_cast<size_t>(test.matrix.panel_bytes() * test.matrix.panel_count()));
  test.matrix.data = test.memory.data();
  std::uniform_int_distribution<int> byte(0, 255);
  std::normal_distribution<float> normal(0.0f, 0.05f);
  for (int64_t g = 0; g < test.matrix.panel_count() * columns / group; ++g) {
    std::byte* at = test.memory.data() + g * test.matrix.group_bytes();
    for (int64_t i = 0; i < (has_min ? 32 : 16); ++i) {
      const float value = normal(rng);
      const uint16_t half = f32_to_f16(value);
      if (is_f16) {
        std::memcpy(at + 2 * i, &half, 2);
      } else {
        std::memcpy(at + 4 * i, &value, 4);
      }
    }
    for (int64_t i = test.matrix.group_bytes() - test.matrix.code_bytes(); i < test.matrix.group_bytes(); ++i) {
      at[i] = static_cast<std::byte>(is_extreme ? (byte(rng) & 1 ? 255 : 0) : byte(rng));
    }
  }
  test.codes.resize(static_cast<size_t>(x_rows * columns));
  test.low_codes.resize(is_wide ? test.codes.size() : 0);
  for (std::vector<int8_t>* plane : {&test.codes, &test.low_codes}) {
    for (int8_t& code : *plane) {
      code = static_cast<int8_t>(is_extreme ? (byte(rng) & 1 ? 127 : -127) : byte(rng) % 255 - 127);
    }
  }
  for (size_t begin = 0; begin < test.codes.size(); begin += 32) {
    ActivationSums sums{};
    for (size_t i = begin; i < begin + 32; ++i) {
      const int32_t code = is_wide ? 256 * test.codes[i] + test.low_codes[i] : test.codes[i];
      sums.minus_all -= code;
      sums.minus_half[(i - begin) / 16] -= code;
      sums.all += static_cast<float>(code);
      sums.half[(i - begin) / 16] += static_cast<float>(code);
    }
    test.sums.push_back(sums);
  }
  for (int64_t row = 0; row < x_rows; ++row) {
    float previous = 0;
    for (int64_t begin = 0; begin < columns; begin += kActivationBlock) {
      const float scale = (0.01f + std::fabs(normal(rng))) / (is_wide ? 256.0f : 1.0f);
      test.scales.push_back({scale, previous > 0 ? previous / scale : 1.0f});
      previous = scale;
    }
  }
  test.rows = {.codes = test.codes.data(),
               .low_codes = is_wide ? test.low_codes.data() : nullptr,
               .scales = test.scales.data(),
               .sums = test.sums.data(),
               .columns = columns};
  return test;
}

TEST_P(KernelsTest, PanelGemm) {
  for (const int bits : {4, 8}) {
    for (const int group : {16, 32}) {
      for (const bool has_min : {false, true}) {
        for (const bool is_f16 : {false, true}) {
          for (const int64_t x_rows : {1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 17}) {
            const int64_t w_rows = uniform(1, 90), columns = 32 * uniform(1, 12);
            const auto test = make_panel_case(rng_, bits, group, has_min, is_f16, w_rows, columns, x_rows,
                                              x_rows % 4 == 3, x_rows % 2 == 1);
            const int64_t stride = w_rows + 3;
            const bool is_added = uniform(0, 1) == 1;
            std::vector<float> got(static_cast<size_t>(x_rows * stride), 7.0f), expected = got;
            fast().panel_gemm(test.matrix, 0, test.matrix.panel_count(), test.rows, 0, x_rows,
                              {got.data(), stride, is_added});
            scalar.panel_gemm(test.matrix, 0, test.matrix.panel_count(), test.rows, 0, x_rows,
                              {expected.data(), stride, is_added});
            SCOPED_TRACE("bits " + std::to_string(bits) + " group " + std::to_string(group) + " min " +
                         std::to_string(has_min) + " rows " + std::to_string(x_rows));
            expect_near(got, expected, 1e-4, 3e-4 * std::sqrt(static_cast<double>(columns)));
          }
        }
      }
    }
  }
}

TEST_P(KernelsTest, TileGemm) {
  for (const int bits : {4, 8}) {
    for (const int group : {16, 32}) {
      for (const bool has_min : {false, true}) {
        for (const int64_t x_rows : {1, 15, 16, 17, 32, 33, 49, 65}) {
          const int64_t w_rows = uniform(1, 90), columns = 32 * uniform(1, 40);
          const auto test =
              make_panel_case(rng_, bits, group, has_min, x_rows % 2 == 1, w_rows, columns, 1, x_rows == 17, false);
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
          SCOPED_TRACE("bits " + std::to_string(bits) + " group " + std::to_string(group) + " rows " +
                       std::to_string(x_rows) + " columns " + std::to_string(columns));
          // Weights a whole unit of rounding apart are rare: ties, and products that round differently in f32.
          const double weight_size = bits == 4 ? 0.4 : 6.4;
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

TEST_P(KernelsTest, CodeTiles) {
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

TEST_P(KernelsTest, CodeTileGemm) {
  for (const bool has_min : {false, true}) {
    for (const float outlier : {0.0f, 25.0f}) {
      for (const int64_t x_rows : {1, 15, 16, 17, 32, 33, 49, 65}) {
        const int64_t w_rows = uniform(1, 90), columns = 32 * (x_rows % 2 == 1 ? uniform(1, 12) : uniform(25, 70));
        const auto test =
            make_panel_case(rng_, 4, 32, has_min, x_rows % 2 == 1, w_rows, columns, 1, x_rows == 17, false);
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

TEST_P(KernelsTest, PanelGemmWritesOnlyItsRange) {
  const auto test = make_panel_case(rng_, 4, 32, true, true, 70, 96, 6, false, false);
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

TEST_P(KernelsTest, DenseGemm) {
  for (const Dense type : {Dense::f32, Dense::f16, Dense::bf16}) {
    for (const int64_t columns : {1, 8, 36, 64, 172, 576}) {
      const int64_t w_rows = uniform(1, 21), x_rows = uniform(1, 9);
      const auto weights = random(w_rows * columns, 0.1f), x = random(x_rows * columns);
      const int64_t element = type == Dense::f32 ? 4 : 2;
      std::vector<std::byte> stored(static_cast<size_t>(w_rows * columns * element) + 1);
      std::byte* unaligned = stored.data() + 1;  // files promise no alignment
      for (size_t i = 0; i < weights.size(); ++i) {
        const uint16_t half = type == Dense::f16 ? f32_to_f16(weights[i]) : f32_to_bf16(weights[i]);
        std::memcpy(unaligned + i * static_cast<size_t>(element),
                    type == Dense::f32 ? static_cast<const void*>(&weights[i]) : &half, static_cast<size_t>(element));
      }
      std::vector<float> got(static_cast<size_t>(x_rows * w_rows), 0.5f), expected = got;
      const bool is_added = uniform(0, 1) == 1;
      fast().dense_gemm(type, unaligned, w_rows, columns * element, columns, x.data(), x_rows, columns,
                        {got.data(), w_rows, is_added});
      scalar.dense_gemm(type, unaligned, w_rows, columns * element, columns, x.data(), x_rows, columns,
                        {expected.data(), w_rows, is_added});
      const double rounding = type == Dense::bf16 && GetParam() >= Isa::avx512_bf16 ? 4e-3 : 2e-6;
      expect_near(got, expected, rounding, rounding * std::sqrt(static_cast<double>(columns)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, KernelsTest,
                         testing::Values(Isa::avx2, Isa::avx_vnni, Isa::avx512, Isa::avx512_bf16, Isa::amx),
                         [](const auto& info) { return isa_name(info.param); });

TEST(Dispatch, NamesRoundTripAndScalarIsAlwaysThere) {
  EXPECT_TRUE(is_supported(Isa::scalar));
  for (int level = 0; level < kIsaCount; ++level) {
    Isa isa;
    ASSERT_TRUE(parse_isa(isa_name(static_cast<Isa>(level)), &isa));
    EXPECT_EQ(static_cast<int>(isa), level);
  }
  Isa isa;
  EXPECT_FALSE(parse_isa("sse9", &isa));
  EXPECT_EQ(table().isa, best_isa());
}

}  // namespace
}  // namespace estoc::kernels
