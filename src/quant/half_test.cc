// half.h against the machine's own conversions: every half, and singles around every rounding boundary.
#include "quant/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace estoc {
namespace {

#if defined(__x86_64__)

__attribute__((target("f16c"))) float machine_f16_to_f32(uint16_t bits) { return _cvtsh_ss(bits); }
__attribute__((target("f16c"))) uint16_t machine_f32_to_f16(float value) {
  return static_cast<uint16_t>(_cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
bool machine_has_f16() { return __builtin_cpu_supports("f16c"); }

#elif defined(__aarch64__)

float machine_f16_to_f32(uint16_t bits) { return static_cast<float>(std::bit_cast<__fp16>(bits)); }
uint16_t machine_f32_to_f16(float value) { return std::bit_cast<uint16_t>(static_cast<__fp16>(value)); }
bool machine_has_f16() { return true; }

#else

float machine_f16_to_f32(uint16_t) { return 0; }
uint16_t machine_f32_to_f16(float) { return 0; }
bool machine_has_f16() { return false; }

#endif

class HalfTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!machine_has_f16()) GTEST_SKIP() << "this machine converts no halves to compare with";
  }
};

void expect_same_half(uint32_t bits) {
  const float value = std::bit_cast<float>(bits);
  const uint16_t expected = machine_f32_to_f16(value);
  if (std::isnan(value)) {
    ASSERT_TRUE(std::isnan(machine_f16_to_f32(f32_to_f16(value)))) << std::hex << bits;
    ASSERT_EQ(f32_to_f16(value) >> 15, expected >> 15) << std::hex << bits;
  } else {
    ASSERT_EQ(f32_to_f16(value), expected) << std::hex << bits;
  }
}

TEST_F(HalfTest, widens_every_half_as_the_machine_does) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float ours = f16_to_f32(static_cast<uint16_t>(bits));
    const float expected = machine_f16_to_f32(static_cast<uint16_t>(bits));
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(ours)) << std::hex << bits;
    } else {
      ASSERT_EQ(std::bit_cast<uint32_t>(ours), std::bit_cast<uint32_t>(expected)) << std::hex << bits;
    }
  }
}

TEST_F(HalfTest, narrows_around_every_half_and_every_midpoint) {
  for (uint32_t half = 0; half < 0x7C00; ++half) {
    const uint32_t here = std::bit_cast<uint32_t>(f16_to_f32(static_cast<uint16_t>(half)));
    const uint32_t next = std::bit_cast<uint32_t>(f16_to_f32(static_cast<uint16_t>(half + 1)));
    const float middle = (std::bit_cast<float>(here) + (half == 0x7BFF ? 65536.0f : std::bit_cast<float>(next))) / 2;
    for (const uint32_t center : {here, std::bit_cast<uint32_t>(middle)}) {
      for (const int step : {-1, 0, 1}) {
        const uint32_t bits = center + static_cast<uint32_t>(step);
        if (bits > 0x7FFFFFFF) continue;  // one below zero
        expect_same_half(bits);
        expect_same_half(bits | 0x80000000u);
      }
    }
  }
}

TEST_F(HalfTest, narrows_random_bit_patterns) {
  std::mt19937 random(1);
  for (int i = 0; i < 200000; ++i) expect_same_half(static_cast<uint32_t>(random()));
}

TEST(Bf16Test, narrows_to_the_nearest_even) {
  // The nearest of the two neighbours by distance in double, the even one on a tie.
  std::mt19937 random(2);
  for (int i = 0; i < 200000; ++i) {
    uint32_t bits = static_cast<uint32_t>(random());
    if (i % 4 == 0) bits = (bits & 0xFFFF0000u) | 0x8000u;  // exact ties
    const float value = std::bit_cast<float>(bits);
    const auto below = static_cast<uint16_t>(bits >> 16);
    const auto above = static_cast<uint16_t>(below + 1);
    if (!std::isfinite(value) || !std::isfinite(bf16_to_f32(above))) continue;
    const double down = std::fabs(double{value} - bf16_to_f32(below));
    const double up = std::fabs(double{bf16_to_f32(above)} - value);
    const uint16_t expected = down < up || (down == up && below % 2 == 0) ? below : above;
    ASSERT_EQ(f32_to_bf16(value), expected) << std::hex << bits;
  }
}

TEST(Bf16Test, keeps_nan_and_infinity) {
  EXPECT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(std::bit_cast<float>(0x7F800001u)))));
  EXPECT_EQ(f32_to_bf16(std::bit_cast<float>(0xFF800000u)), 0xFF80);
  EXPECT_EQ(f32_to_bf16(std::bit_cast<float>(0x7F7FFFFFu)), 0x7F80);  // rounds to infinity
}

}  // namespace
}  // namespace estoc
