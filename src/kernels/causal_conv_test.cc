// The causal convolution of every level against its definition in double precision.
#include <algorithm>
#include <cmath>

#include "kernels/test_kernels.h"

namespace estoc::kernels {
namespace {

class CausalConvTest : public IsaTest {};

double silu(double x) { return x / (1 + std::exp(-x)); }

// Rows in pieces of any size, columns in pieces of any size, and in place; the bits do not depend on the pieces.
TEST_P(CausalConvTest, IsItsDefinitionInPiecesOfAnySize) {
  constexpr int64_t kRows = 11, kColumns = 85;
  for (const int width : {1, 2, 3, 4, kCausalConvWidthMax}) {
    const auto in = random(kRows * kColumns), taps = random(width * kColumns), bias = random(kColumns);
    std::vector<float> expected(in.size()), first;
    for (int64_t r = 0; r < kRows; ++r) {
      for (int64_t c = 0; c < kColumns; ++c) {
        double sum = bias[static_cast<size_t>(c)];
        for (int64_t k = 0; k < width; ++k) {
          const int64_t from = r - (width - 1) + k;
          if (from < 0) continue;
          sum += double{taps[static_cast<size_t>(k * kColumns + c)]} * in[static_cast<size_t>(from * kColumns + c)];
        }
        expected[static_cast<size_t>(r * kColumns + c)] = static_cast<float>(silu(sum));
      }
    }
    for (const int64_t rows : {1, 2, 5, 11}) {
      for (const int64_t columns : {16, 64, 85}) {
        std::vector<float> state(static_cast<size_t>((width - 1) * kColumns)), got = in;
        for (int64_t r = 0; r < kRows; r += rows) {
          float* const row = &got[static_cast<size_t>(r * kColumns)];
          for (int64_t c = 0; c < kColumns; c += columns) {
            fast().causal_conv({.in = row,
                                .in_stride = kColumns,
                                .row_count = std::min(rows, kRows - r),
                                .begin = c,
                                .end = std::min(c + columns, kColumns),
                                .taps = taps.data(),
                                .tap_stride = kColumns,
                                .bias = bias.data(),
                                .width = width,
                                .state = state.data(),
                                .state_stride = kColumns,
                                .out = row,
                                .out_stride = kColumns});
          }
        }
        expect_near(got, expected, 1e-5, 1e-5);
        if (first.empty()) first = got;
        EXPECT_EQ(got, first) << "width " << width << ", rows " << rows << ", columns " << columns;
      }
    }
  }
}

TEST_P(CausalConvTest, ABiasMayBeMissing) {
  const auto in = random(3 * 32), taps = random(2 * 32);
  std::vector<float> state(32), out(in.size());
  fast().causal_conv({.in = in.data(),
                      .in_stride = 32,
                      .row_count = 3,
                      .begin = 0,
                      .end = 32,
                      .taps = taps.data(),
                      .tap_stride = 32,
                      .bias = nullptr,
                      .width = 2,
                      .state = state.data(),
                      .state_stride = 32,
                      .out = out.data(),
                      .out_stride = 32});
  for (size_t i = 32; i < in.size(); ++i) {
    EXPECT_NEAR(out[i], silu(double{taps[i % 32]} * in[i - 32] + double{taps[32 + i % 32]} * in[i]), 1e-5);
  }
  EXPECT_TRUE(std::equal(state.begin(), state.end(), in.begin() + 64));
}

INSTANTIATE_TEST_SUITE_P(Scalar, CausalConvTest, testing::Values(Isa::scalar), isa_test_name);
INSTANTIATE_TEST_SUITE_P(Levels, CausalConvTest, isa_levels(), isa_test_name);

}  // namespace
}  // namespace estoc::kernels
