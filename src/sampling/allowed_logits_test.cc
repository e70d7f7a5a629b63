#include "sampling/allowed_logits.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace estoc {
namespace {

TEST(AllowedLogits, AreWhatTheMaskSays) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::mt19937 random(1);
  std::vector<float> out;
  for (const size_t vocab : {1u, 31u, 32u, 63u, 64u, 300u, 1000u}) {
    std::vector<float> row(vocab);
    TokenMask mask;
    mask.reset(vocab);
    for (uint32_t& word : mask.words()) word = random() % 4 == 0 ? 0 : static_cast<uint32_t>(random());
    for (float& x : row) {
      x = static_cast<float>(random() % 1000) - 500;
      if (random() % 20 == 0) x = std::nanf("");
      if (random() % 20 == 0) x = kInfinity;
    }
    copy_allowed(row, mask, out);
    ASSERT_EQ(out.size(), vocab);
    for (size_t i = 0; i < vocab; ++i) {
      const float expected = mask.allows(static_cast<TokenId>(i)) ? row[i] : -kInfinity;
      ASSERT_EQ(std::bit_cast<uint32_t>(out[i]), std::bit_cast<uint32_t>(expected)) << vocab << " " << i;
    }
  }
}

}  // namespace
}  // namespace estoc
