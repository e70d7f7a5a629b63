// Numbers of 8 bits against their definition, code by code.
#include "quant/f8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

namespace estoc {
namespace {

// (-1)^s 2^(e - 7) (1 + f / 8), or 2^-6 f / 8 where e is 0; e and f all ones is NaN.
double defined_e4m3(int code) {
  const int e = code >> 3 & 15, f = code & 7;
  const double magnitude = e == 0 ? std::ldexp(f, -9) : std::ldexp(8 + f, e - 10);
  return (code & 0x80) != 0 ? -magnitude : magnitude;
}

TEST(F8Test, every_code_of_e4m3_is_what_the_definition_says) {
  std::vector<std::byte> codes(256);
  for (size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::byte>(i);
  std::vector<float> values(codes.size());
  f8_e4m3.decode(codes.data(), values.data(), 256);
  for (int code = 0; code < 256; ++code) {
    const float value = values[static_cast<size_t>(code)];
    if ((code & 0x7F) == 0x7F) {
      EXPECT_TRUE(std::isnan(value)) << code;
      continue;
    }
    EXPECT_EQ(static_cast<double>(value), defined_e4m3(code)) << code;
    EXPECT_EQ(std::signbit(value), (code & 0x80) != 0) << code;
    EXPECT_EQ(f32_to_f8_e4m3(value), code);
  }
  EXPECT_EQ(values[0x7E], 448.0f);
  EXPECT_EQ(values[0x01], 0x1p-9f);
}

TEST(F8Test, what_lies_between_two_numbers_goes_to_the_nearer_and_halfway_to_even) {
  for (uint8_t code = 0; code < 0x7E; ++code) {
    const float low = f8_e4m3_to_f32(code), high = f8_e4m3_to_f32(static_cast<uint8_t>(code + 1));
    const float middle = (low + high) / 2;
    EXPECT_EQ(f32_to_f8_e4m3(std::nextafter(middle, 0.0f)), code) << int{code};
    EXPECT_EQ(f32_to_f8_e4m3(middle), code + code % 2) << int{code};
    EXPECT_EQ(f32_to_f8_e4m3(-std::nextafter(middle, 500.0f)), (code + 1) | 0x80) << int{code};
  }
  for (const float large : {449.0f, 464.0f, 480.0f, 1e30f, INFINITY}) EXPECT_EQ(f32_to_f8_e4m3(large), 0x7E);
  EXPECT_EQ(f32_to_f8_e4m3(-INFINITY), 0xFE);
}

TEST(F8Test, every_code_of_e8m0_is_a_power_of_two) {
  for (int code = 0; code < 256; ++code) {
    const auto stored = static_cast<std::byte>(code);
    float value = 0;
    f8_e8m0.decode(&stored, &value, 1);
    if (code == 255) {
      EXPECT_TRUE(std::isnan(value));
    } else {
      EXPECT_EQ(static_cast<double>(value), std::ldexp(1.0, code - 127)) << code;
    }
  }
}

}  // namespace
}  // namespace estoc
