// What the tests of kernels share: one run for each ISA level, comparison, and panels of random codes.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/kernels.h"
#include "quant/half.h"

namespace estoc::kernels {

class IsaTest : public testing::TestWithParam<Isa> {
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

inline void expect_near(const std::vector<float>& got, const std::vector<float>& expected, double relative,
                        double absolute) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], expected[i], absolute + relative * std::fabs(expected[i])) << "at " << i;
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

inline PanelCase make_panel_case(std::mt19937& rng, int bits, int group, bool has_min, ScaleType scale_type,
                                 int64_t w_rows, int64_t columns, int64_t x_rows, bool is_extreme, bool is_wide,
                                 const uint8_t* values = nullptr) {
  PanelCase test;
  test.matrix = {.rows = w_rows,
                 .columns = columns,
                 .bits = bits,
                 .group = group,
                 .zero = has_min                          ? 0
                         : bits == 4 && values == nullptr ? 8
                                                          : 128,
                 .has_min = has_min,
                 .scale_type = scale_type,
                 .values = values};
  test.memory.resize(static_cast<size_t>(test.matrix.panel_bytes() * test.matrix.panel_count()));
  test.matrix.data = test.memory.data();
  std::uniform_int_distribution<int> byte(0, 255);
  std::normal_distribution<float> normal(0.0f, 0.05f);
  for (int64_t g = 0; g < test.matrix.panel_count() * columns / group; ++g) {
    std::byte* at = test.memory.data() + g * test.matrix.group_bytes();
    for (int64_t i = 0; i < (has_min ? 32 : 16); ++i) {
      const float value = normal(rng);
      const uint16_t half = scale_type == ScaleType::f16 ? f32_to_f16(value) : f32_to_bf16(value);
      if (scale_type == ScaleType::f32) {
        std::memcpy(at + 4 * i, &value, 4);
      } else {
        std::memcpy(at + 2 * i, &half, 2);
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

inline auto isa_levels() { return testing::Values(Isa::avx2, Isa::avx_vnni, Isa::avx512, Isa::avx512_bf16, Isa::amx); }
inline std::string isa_test_name(const testing::TestParamInfo<Isa>& info) { return isa_name(info.param); }

}  // namespace estoc::kernels
