// What every format must keep, asked of each in the list.

#include "quant/format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "quant/affine.h"
#include "quant/half.h"

namespace estoc {
namespace {

std::vector<float> gaussian(int64_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 0.02f);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = normal(random);
  return values;
}

std::vector<float> round_trip(const QuantFormat& format, const std::vector<float>& values) {
  const auto count = static_cast<int64_t>(values.size());
  std::vector<std::byte> bytes(static_cast<size_t>(format.row_bytes(count)));
  std::vector<float> decoded(values.size());
  format.encode(values.data(), bytes.data(), count);
  format.decode(bytes.data(), decoded.data(), count);
  return decoded;
}

double relative_rms(const std::vector<float>& got, const std::vector<float>& wanted) {
  double error = 0, power = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    error += std::pow(double{got[i]} - wanted[i], 2);
    power += std::pow(double{wanted[i]}, 2);
  }
  return std::sqrt(error / power);
}

class FormatTest : public testing::TestWithParam<const QuantFormat*> {
 protected:
  const QuantFormat& format = *GetParam();
};

class EncodedFormatTest : public FormatTest {};

std::vector<const QuantFormat*> encoded_formats() {
  std::vector<const QuantFormat*> encoded(formats().begin(), formats().end());
  std::erase_if(encoded, [](const QuantFormat* format) { return format->encode == nullptr; });
  return encoded;
}

TEST_P(FormatTest, is_found_by_each_of_its_names) {
  EXPECT_EQ(find_format(format.name), &format);
  if (format.gguf_id >= 0) {
    EXPECT_EQ(find_gguf_format(format.gguf_id), &format);
    EXPECT_EQ(gguf_type_name(format.gguf_id), format.name);
  }
  if (!format.safetensors.empty()) {
    EXPECT_EQ(find_safetensors_format(format.safetensors), &format);
  }
}

TEST_P(FormatTest, decodes_any_bytes_at_any_address) {
  const int64_t count = 3 * format.block_count;
  const auto bytes = static_cast<size_t>(format.row_bytes(count));
  std::mt19937 random(3);
  std::vector<std::byte> stored(bytes + 1);
  std::vector<float> aligned(static_cast<size_t>(count)), shifted(aligned);
  for (int round = 0; round < 100; ++round) {
    for (size_t i = 0; i < bytes; ++i) stored[i] = static_cast<std::byte>(random());
    format.decode(stored.data(), aligned.data(), count);
    std::memmove(stored.data() + 1, stored.data(), bytes);
    format.decode(stored.data() + 1, shifted.data(), count);
    ASSERT_EQ(std::memcmp(aligned.data(), shifted.data(), aligned.size() * sizeof(float)), 0);
  }
}

TEST_P(EncodedFormatTest, keeps_gaussian_rows_within_its_bound) {
  const std::vector<float> values = gaussian(int64_t{101} * format.block_count * (format.block_count == 1 ? 64 : 1), 1);
  const double error = relative_rms(round_trip(format, values), values);
  RecordProperty("relative_rms_error", std::to_string(error));
  EXPECT_LE(error, format.rms_error_max);
  EXPECT_GE(error, format.rms_error_max / 4) << "the declared bound is far from what is reached";
}

// What was decoded lies on the format's own grid. Exact for one level of scales; super-blocks round their scales again.
TEST_P(EncodedFormatTest, loses_little_or_nothing_the_second_time) {
  const std::vector<float> once = round_trip(format, gaussian(int64_t{101} * format.block_count, 2));
  const std::vector<float> twice = round_trip(format, once);
  if (format.block_count <= 32) {
    for (size_t i = 0; i < once.size(); ++i) ASSERT_EQ(once[i], twice[i]) << i;
  } else {
    EXPECT_LE(relative_rms(twice, once), format.rms_error_max);
  }
}

TEST_P(EncodedFormatTest, writes_exactly_the_row_for_any_count_of_blocks) {
  for (const int blocks : {0, 1, 2, 3, 7}) {
    const int64_t count = int64_t{blocks} * format.block_count;
    const auto bytes = static_cast<size_t>(format.row_bytes(count));
    const std::vector<float> values = gaussian(count, 4);
    std::vector<std::byte> stored(bytes + 8, std::byte{0xA5});
    format.encode(values.data(), stored.data(), count);
    for (size_t i = bytes; i < stored.size(); ++i) ASSERT_EQ(stored[i], std::byte{0xA5});
    std::vector<float> decoded(static_cast<size_t>(count) + 4, 42.0f);
    format.decode(stored.data(), decoded.data(), count);
    for (size_t i = static_cast<size_t>(count); i < decoded.size(); ++i) ASSERT_EQ(decoded[i], 42.0f);
  }
}

TEST_P(EncodedFormatTest, keeps_zero_rows_zero) {
  const std::vector<float> zeros(static_cast<size_t>(3 * format.block_count));
  for (const float value : round_trip(format, zeros)) ASSERT_EQ(value, 0.0f);
}

TEST_P(EncodedFormatTest, survives_infinities_nan_and_huge_values) {
  std::vector<float> values = gaussian(3 * format.block_count, 5);
  const float kinds[] = {INFINITY, -INFINITY, NAN, 3e38f, -3e38f, 1e-45f};
  for (size_t i = 0; i < values.size(); ++i) values[i] = i % 3 == 0 ? kinds[i / 3 % std::size(kinds)] : values[i];
  EXPECT_EQ(round_trip(format, values).size(), values.size());
}

std::string name_of(const testing::TestParamInfo<const QuantFormat*>& info) { return std::string(info.param->name); }
INSTANTIATE_TEST_SUITE_P(formats, FormatTest, testing::ValuesIn(formats()), name_of);
INSTANTIATE_TEST_SUITE_P(formats, EncodedFormatTest, testing::ValuesIn(encoded_formats()), name_of);

TEST(FormatsTest, have_distinct_names_and_numbers) {
  std::set<std::string_view> names, dtypes;
  std::set<int> ids;
  for (const QuantFormat* format : formats()) {
    EXPECT_TRUE(names.insert(format->name).second) << format->name;
    EXPECT_TRUE(format->safetensors.empty() || dtypes.insert(format->safetensors).second) << format->name;
    EXPECT_TRUE(format->gguf_id < 0 || ids.insert(format->gguf_id).second) << format->name;
  }
}

TEST(FormatsTest, names_what_it_cannot_read) {
  EXPECT_EQ(find_gguf_format(16), nullptr);
  EXPECT_EQ(gguf_type_name(16), "iq2_xxs");
  EXPECT_EQ(find_gguf_format(-1), nullptr);
  EXPECT_EQ(find_gguf_format(int64_t{1} << 40), nullptr);
  EXPECT_EQ(gguf_type_name(-1), "");
  EXPECT_EQ(find_format("q9"), nullptr);
  EXPECT_EQ(find_safetensors_format(""), nullptr);
}

// Packing relies on this: the integer view gives the same values as decode.
TEST(Affine, ViewEqualsDecode) {
  std::mt19937 rng(7);
  int checked = 0;
  for (const QuantFormat* format : formats()) {
    if (format->affine == nullptr || format->encode == nullptr) continue;
    const AffineView& affine = *format->affine;
    const int64_t count = 4 * std::lcm(format->block_count, affine.group);
    std::vector<float> source(static_cast<size_t>(count)), decoded(source.size());
    std::normal_distribution<float> normal(0.01f, 0.1f);
    for (float& value : source) value = normal(rng);
    std::vector<std::byte> row(static_cast<size_t>(format->row_bytes(count)));
    format->encode(source.data(), row.data(), count);
    format->decode(row.data(), decoded.data(), count);
    std::vector<uint8_t> codes(source.size());
    std::vector<float> scales(source.size() / static_cast<size_t>(affine.group)), mins(scales.size(), 0.0f);
    affine.unpack(row.data(), count, codes.data(), scales.data(), mins.data());
    for (size_t i = 0; i < source.size(); ++i) {
      const size_t group = i / static_cast<size_t>(affine.group);
      EXPECT_LT(codes[i], 1 << affine.bits) << format->name;
      if (affine.scale_type == ScaleType::f16) {
        EXPECT_EQ(f16_to_f32(f32_to_f16(scales[group])), scales[group]) << format->name;
        EXPECT_EQ(f16_to_f32(f32_to_f16(mins[group])), mins[group]) << format->name;
      } else if (affine.scale_type == ScaleType::bf16) {
        EXPECT_EQ(bf16_to_f32(f32_to_bf16(scales[group])), scales[group]) << format->name;
      }
      const int code = affine.values == nullptr ? codes[i] : affine.values[codes[i]];
      const float value = scales[group] * static_cast<float>(code - affine.zero) + mins[group];
      ASSERT_NEAR(value, decoded[i], 1e-6f * std::fabs(decoded[i]) + 1e-7f) << format->name << " at " << i;
    }
    ++checked;
  }
  EXPECT_EQ(checked, 13);
}

}  // namespace
}  // namespace estoc
