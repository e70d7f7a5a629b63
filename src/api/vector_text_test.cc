#include "api/vector_text.h"

#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "tokenizer/base64.h"

namespace estoc::api {
namespace {

std::vector<float> any_floats(size_t count) {
  std::mt19937 random(7);
  std::vector<float> values = {0.0F,          -0.0F,          1,       -1, 0.1F, 1e-45F, -1.17549435e-38F,
                               3.4028235e38F, -3.4028235e38F, 16777216};
  while (values.size() < count) {
    const auto bits = static_cast<uint32_t>(random());
    float value;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isfinite(value)) values.push_back(value);
  }
  return values;
}

TEST(VectorTextTest, NumbersReadBackAsTheSameFloats) {
  for (const float value : any_floats(100000)) {
    std::string text;
    append_number(text, value);
    float read = 0;
    ASSERT_EQ(std::from_chars(text.data(), text.data() + text.size(), read).ptr, text.data() + text.size()) << text;
    ASSERT_EQ(std::memcmp(&read, &value, sizeof value), 0) << text;
    ASSERT_LE(text.size(), 15u);
  }
}

TEST(VectorTextTest, ListsOfNumbers) {
  std::string text = "x";
  append_numbers(text, {});
  EXPECT_EQ(text, "x[]");
  append_numbers(text, std::vector<float>{0.1F, -2, 1e-5F});
  EXPECT_EQ(text, "x[][0.1,-2,1e-05]");
}

TEST(VectorTextTest, Base64IsTheBytes) {
  for (size_t count = 0; count < 7; ++count) {
    std::vector<float> values = any_floats(20);
    values.resize(count);
    std::string text;
    append_base64(text, values);
    ASSERT_EQ(text.front(), '"');
    ASSERT_EQ(text.back(), '"');
    const auto bytes = bytes_of_base64(std::string_view(text).substr(1, text.size() - 2));
    ASSERT_TRUE(bytes.has_value());
    EXPECT_EQ(*bytes, std::string(reinterpret_cast<const char*>(values.data()), count * sizeof(float)));
  }
}

TEST(VectorTextTest, LengthsAndAngles) {
  std::vector<float> values = {3, 4}, none = {0, 0};
  normalize(values);
  EXPECT_EQ(values, (std::vector<float>{0.6F, 0.8F}));
  normalize(none);
  EXPECT_EQ(none, (std::vector<float>{0, 0}));
  EXPECT_EQ(cosine(values, none), 0);
  EXPECT_NEAR(cosine(values, std::vector<float>{6, 8}), 1, 1e-7);
  EXPECT_NEAR(cosine(values, std::vector<float>{-4, 3}), 0, 1e-7);
}

}  // namespace
}  // namespace estoc::api
