// Every cell of every ISA level against the scalar reference, on the same random and adversarial buffers.
#include "kernels/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/test_kernels.h"

namespace estoc::kernels {
namespace {

class KernelsTest : public IsaTest {};

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

// Rows in pieces of any size, over columns in pieces of any size.
TEST_P(KernelsTest, ShortConv) {
  constexpr int64_t kRows = 7, kColumns = 37, kWidth = 4;
  const auto in = random(kRows * 3 * kColumns), taps = random(kWidth * kColumns), bias = random(kColumns);
  std::vector<float> expected(kRows * kColumns);
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t c = 0; c < kColumns; ++c) {
      double sum = bias[static_cast<size_t>(c)];
      for (int64_t k = 0; k < kWidth; ++k) {
        const int64_t from = r - (kWidth - 1) + k;
        if (from < 0) continue;
        const float* const row = &in[static_cast<size_t>(from * 3 * kColumns)];
        sum += double{taps[static_cast<size_t>(k * kColumns + c)]} * row[c] * row[2 * kColumns + c];
      }
      expected[static_cast<size_t>(r * kColumns + c)] =
          static_cast<float>(sum * in[static_cast<size_t>((r * 3 + 1) * kColumns + c)]);
    }
  }
  for (const int64_t rows : {1, 2, 3, 7}) {
    for (const int64_t columns : {1, 16, 37}) {
      std::vector<float> state((kWidth - 1) * kColumns), got(expected.size());
      for (int64_t r = 0; r < kRows; r += rows) {
        for (int64_t c = 0; c < kColumns; c += columns) {
          const float* const row = &in[static_cast<size_t>(r * 3 * kColumns)];
          fast().short_conv({.b = row,
                             .gate = row + kColumns,
                             .x = row + 2 * kColumns,
                             .row_stride = 3 * kColumns,
                             .row_count = std::min(rows, kRows - r),
                             .columns = kColumns,
                             .begin = c,
                             .end = std::min(c + columns, kColumns),
                             .taps = taps.data(),
                             .bias = bias.data(),
                             .width = kWidth,
                             .state = state.data(),
                             .out = &got[static_cast<size_t>(r * kColumns)],
                             .out_stride = kColumns});
        }
      }
      expect_near(got, expected, 1e-5, 1e-5);
    }
  }
}

TEST_P(KernelsTest, Activations) {
  auto gate = random(1037, 4.0f);
  gate[0] = 0.0f;
  gate[1] = -0.0f;
  gate[2] = 200.0f;
  gate[3] = -200.0f;
  gate[4] = 1e-40f;
  gate[5] = -87.5f;
  const auto up = random(1037, 2.0f);
  std::vector<float> got(gate.size()), expected(gate.size());
  for (int i = 0; i < kActivationCount; ++i) {
    SCOPED_TRACE(i);
    const auto activation = static_cast<Activation>(i);
    // The error function is one of a bounded absolute error.
    const double absolute = activation == Activation::gelu ? 2e-6 : 1e-30;
    for (const float* factor : {static_cast<const float*>(nullptr), up.data()}) {
      fast().activate(activation, gate.data(), factor, 1037, got.data());
      scalar.activate(activation, gate.data(), factor, 1037, expected.data());
      expect_near(got, expected, 1e-5, absolute);
    }
  }
}

TEST_P(KernelsTest, ClampedSwiglu) {
  auto gate = random(1037, 8.0f), up = random(1037, 8.0f);
  gate[0] = 1e30f, gate[1] = -1e30f, gate[2] = 0.0f, up[3] = 1e30f, up[4] = -1e30f;
  std::vector<float> got(gate.size()), expected(gate.size());
  fast().clamped_swiglu(1.702f, 7.0f, gate.data(), up.data(), 1037, got.data());
  scalar.clamped_swiglu(1.702f, 7.0f, gate.data(), up.data(), 1037, expected.data());
  expect_near(got, expected, 1e-5, 1e-5);
}

TEST_P(KernelsTest, SoftCap) {
  auto got = random(1037, 100.0f);
  got[0] = 0.0f;
  got[1] = 1e30f;
  got[2] = -1e30f;
  auto expected = got;
  fast().soft_cap(30.0f, 1037, got.data());
  scalar.soft_cap(30.0f, 1037, expected.data());
  expect_near(got, expected, 1e-5, 1e-5);
  EXPECT_EQ(got[0], 0.0f);
  EXPECT_EQ(got[1], 30.0f);
  EXPECT_EQ(got[2], -30.0f);
}

TEST_P(KernelsTest, LayerNorm) {
  for (const int64_t count : {1, 7, 64, 1037}) {
    auto x = random(count, 3.0f);
    for (float& value : x) value += 5.0f;
    const auto weight = random(count, 1.0f), bias = random(count, 1.0f);
    std::vector<float> got(x.size()), expected(x.size());
    for (const float* added : {static_cast<const float*>(nullptr), bias.data()}) {
      fast().layer_norm(x.data(), weight.data(), added, 1e-5f, count, got.data());
      scalar.layer_norm(x.data(), weight.data(), added, 1e-5f, count, expected.data());
      expect_near(got, expected, 1e-5, 2e-5);
    }
    auto aliased = x;
    fast().layer_norm(aliased.data(), weight.data(), bias.data(), 1e-5f, count, aliased.data());
    EXPECT_EQ(aliased, got);
  }
}

TEST_P(KernelsTest, AddScaled) {
  for (const int64_t count : {1, 5, 16, 31, 100}) {
    const auto x = random(count, 10.0f);
    std::vector<float> got(x.size(), 2.0f), expected(x.size(), 2.0f);
    fast().add_scaled(-0.25f, x.data(), count, got.data());
    scalar.add_scaled(-0.25f, x.data(), count, expected.data());
    expect_near(got, expected, 1e-6, 1e-6);
  }
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

TEST_P(KernelsTest, WidenedNumbersAreTheSame) {
  constexpr int64_t kCount = 37;
  std::vector<uint16_t> halves;
  for (int64_t i = 0; i < kCount; ++i) halves.push_back(static_cast<uint16_t>(0x3c00 + 997 * i % 0x3000));
  const auto floats = random(kCount, 2.0f);
  for (const Dense type : {Dense::f32, Dense::f16, Dense::bf16}) {
    const void* const from = type == Dense::f32 ? static_cast<const void*>(floats.data()) : halves.data();
    std::vector<float> got(kCount), expected(kCount);
    fast().widen(type, from, kCount, got.data());
    scalar.widen(type, from, kCount, expected.data());
    EXPECT_EQ(got, expected);
  }
}

// Numbers as a file has them: of any type, at an odd address.
class StoredMatrix {
 public:
  StoredMatrix(Dense type, const std::vector<float>& values, int64_t columns)
      : element_(type == Dense::f32 ? 4 : 2), columns_(columns), bytes_(values.size() * element_ + 1) {
    for (size_t i = 0; i < values.size(); ++i) {
      const uint16_t half = type == Dense::f16 ? f32_to_f16(values[i]) : f32_to_bf16(values[i]);
      std::memcpy(bytes_.data() + 1 + i * element_, type == Dense::f32 ? static_cast<const void*>(&values[i]) : &half,
                  element_);
    }
  }
  const std::byte* data() const { return bytes_.data() + 1; }
  int64_t stride_bytes() const { return columns_ * static_cast<int64_t>(element_); }

 private:
  size_t element_;
  int64_t columns_;
  std::vector<std::byte> bytes_;
};

TEST_P(KernelsTest, DenseGemm) {
  for (const Dense type : {Dense::f32, Dense::f16, Dense::bf16}) {
    for (const int64_t columns : {1, 8, 36, 64, 172, 576}) {
      const int64_t w_rows = uniform(1, 21), x_rows = uniform(1, 15);
      const StoredMatrix w(type, random(w_rows * columns, 0.1f), columns);
      const auto x = random(x_rows * columns);
      std::vector<float> got(static_cast<size_t>(x_rows * w_rows), 0.5f), expected = got;
      const bool is_added = uniform(0, 1) == 1;
      fast().dense_gemm(type, w.data(), w_rows, w.stride_bytes(), columns, x.data(), x_rows, columns,
                        {got.data(), w_rows, is_added});
      scalar.dense_gemm(type, w.data(), w_rows, w.stride_bytes(), columns, x.data(), x_rows, columns,
                        {expected.data(), w_rows, is_added});
      const double rounding = type == Dense::bf16 && fast().has_bf16_dot ? 4e-3 : 2e-6;
      expect_near(got, expected, rounding, rounding * std::sqrt(static_cast<double>(columns)));
    }
  }
}

TEST_P(KernelsTest, DenseTileGemm) {
  for (const Dense type : {Dense::f32, Dense::f16, Dense::bf16}) {
    for (const int64_t x_rows : {1, 8, 9, 16, 17, 32, 33, 49, 65}) {
      const int64_t w_rows = uniform(1, 90), columns = 32 * (x_rows % 2 == 1 ? uniform(1, 12) : uniform(25, 100));
      auto values = random(w_rows * columns, 0.1f);
      values[0] = 3e-5f;  // a subnormal number of f16
      const StoredMatrix w(type, values, columns);
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
      fast().dense_tile_gemm(type, w.data(), w_rows, w.stride_bytes(), rows, {got.data(), stride, is_added});
      scalar.dense_tile_gemm(type, w.data(), w_rows, w.stride_bytes(), rows, {expected.data(), stride, is_added});
      SCOPED_TRACE("type " + std::to_string(static_cast<int>(type)) + " rows " + std::to_string(x_rows) + " x " +
                   std::to_string(w_rows) + " columns " + std::to_string(columns));
      // The same numbers are multiplied: only sums of f32 differ.
      expect_near(got, expected, 2e-6, 2e-6 * std::sqrt(static_cast<double>(columns)));
    }
  }
}

// How far the tiles' products are from those of f32: what rounding activations to bf16 costs, whatever the weights are,
// because their rounding is smaller (f32: 2^-17) or none.
TEST_P(KernelsTest, DenseTilesRoundActivationsOnly) {
  constexpr int64_t kRows = 16, kWeightRows = 48, kColumns = 1024;
  for (const Dense type : {Dense::f32, Dense::f16, Dense::bf16}) {
    const StoredMatrix w(type, random(kWeightRows * kColumns, 0.05f), kColumns);
    auto x = random(kRows * kColumns);
    for (const bool is_bf16 : {false, true}) {
      std::vector<uint16_t> tiles(x.size());
      if (is_bf16) {
        for (float& value : x) value = bf16_to_f32(f32_to_bf16(value));
      }
      fast().make_row_tiles(x.data(), kRows, kColumns, kColumns, tiles.data());
      std::vector<float> got(kRows * kWeightRows), expected(got.size());
      fast().dense_tile_gemm(type, w.data(), kWeightRows, w.stride_bytes(),
                             {.values = tiles.data(), .rows = kRows, .columns = kColumns}, {got.data(), kWeightRows});
      scalar.dense_gemm(type, w.data(), kWeightRows, w.stride_bytes(), kColumns, x.data(), kRows, kColumns,
                        {expected.data(), kWeightRows});
      double difference = 0, size = 0;
      for (size_t i = 0; i < got.size(); ++i) {
        difference += (got[i] - expected[i]) * static_cast<double>(got[i] - expected[i]);
        size += static_cast<double>(expected[i]) * expected[i];
      }
      const double error = std::sqrt(difference / size);
      RecordProperty("relative_error", std::to_string(error));
      EXPECT_LT(error, is_bf16 ? 4e-6 : 2e-3) << "type " << static_cast<int>(type);
      EXPECT_GE(error, is_bf16 ? 0 : 1e-3) << "type " << static_cast<int>(type);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, KernelsTest, isa_levels(), isa_test_name);

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

// Of the lower levels a table takes what they can do, not only their cells.
TEST(Dispatch, WhoHasBf16DotProducts) {
  EXPECT_FALSE(table_of(Isa::scalar).has_bf16_dot);
  for (const Isa isa : {Isa::avx2, Isa::avx_vnni, Isa::avx512}) {
    EXPECT_FALSE(is_supported(isa) && table_of(isa).has_bf16_dot) << isa_name(isa);
  }
  for (const Isa isa : {Isa::avx512_bf16, Isa::amx}) {
    EXPECT_TRUE(!is_supported(isa) || table_of(isa).has_bf16_dot) << isa_name(isa);
  }
}

}  // namespace
}  // namespace estoc::kernels
