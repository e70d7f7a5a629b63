// The probe measures something, and what it measures is ordered as hardware is.
#include "kernels/probe.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/thread_team.h"

namespace estoc::kernels {
namespace {

TEST(Probe, ArithmeticOfEveryLevel) {
  for (int level = 0; level < kIsaCount; ++level) {
    const auto isa = static_cast<Isa>(level);
    if (!is_supported(isa)) continue;
    const double int8 = arithmetic_rate(isa, Arithmetic::int8), f32 = arithmetic_rate(isa, Arithmetic::f32);
    EXPECT_EQ(int8 > 0, isa != Isa::scalar) << isa_name(isa);
    EXPECT_EQ(f32 > 0, isa != Isa::scalar) << isa_name(isa);
    EXPECT_EQ(arithmetic_rate(isa, Arithmetic::bf16) > 0, table_of(isa).has_bf16_dot) << isa_name(isa);
    // No machine does fewer than 1e8 or more than 1e14 a second in one thread: an empty loop would.
    if (isa != Isa::scalar) {
      EXPECT_GT(f32, 1e8);
      EXPECT_LT(int8, 1e14) << isa_name(isa);
      EXPECT_LT(f32, 1e13) << isa_name(isa);
    }
  }
}

TEST(Probe, ReadingOfEveryLevel) {
  ThreadTeam team(2);
  const std::vector<std::byte> memory(1 << 20);
  for (int level = 0; level < kIsaCount; ++level) {
    const auto isa = static_cast<Isa>(level);
    if (!is_supported(isa)) continue;
    for (const double rate : {read_rate(isa, memory), read_rate(isa, memory, team)}) {
      EXPECT_GT(rate, 1e7) << isa_name(isa);
      EXPECT_LT(rate, 1e13) << isa_name(isa);
    }
  }
}

}  // namespace
}  // namespace estoc::kernels
