// Decoding and encoding, bit by bit, against gguf-py (tests/golden/make_quant_golden.py).
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/mapped_file.h"
#include "quant/format.h"

namespace estoc {
namespace {

std::vector<std::byte> from_hex(const std::string& text) {
  std::vector<std::byte> bytes(text.size() / 2);
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::byte>(std::stoi(text.substr(2 * i, 2), nullptr, 16));
  }
  return bytes;
}

const Json& golden() {
  static const Json file = parse_json(read_file(ESTOC_SOURCE_DIR "/tests/golden/quant_golden.json"));
  return file;
}

const Json& golden(std::string_view section) { return *golden().find(section); }

TEST(QuantGoldenTest, decodes_blocks_to_the_same_bits) {
  for (const auto& [name, blocks] : golden("decode").as_object()) {
    SCOPED_TRACE(name);
    const QuantFormat* format = find_format(name);
    ASSERT_NE(format, nullptr);
    const std::vector<std::byte> source = from_hex(blocks.find("blocks")->as_string());
    const std::vector<std::byte> expected = from_hex(blocks.find("values")->as_string());
    std::vector<uint32_t> bits(expected.size() / 4), decoded_bits(bits.size());
    std::memcpy(bits.data(), expected.data(), expected.size());
    std::vector<float> decoded(bits.size());
    ASSERT_EQ(format->row_bytes(static_cast<int64_t>(bits.size())), static_cast<int64_t>(source.size()));
    format->decode(source.data(), decoded.data(), static_cast<int64_t>(decoded.size()));
    std::memcpy(decoded_bits.data(), decoded.data(), expected.size());
    for (size_t i = 0; i < bits.size(); ++i) {
      ASSERT_EQ(decoded_bits[i], bits[i]) << "element " << i << ": " << decoded[i];
    }
  }
}

TEST(QuantGoldenTest, covers_every_block_format) {
  for (const QuantFormat* format : formats()) {
    EXPECT_TRUE(format->block_count == 1 || golden("decode").find(format->name) != nullptr) << format->name;
  }
}

TEST(QuantGoldenTest, encodes_rows_to_the_same_bytes) {
  const std::vector<std::byte> row_bytes = from_hex(golden("rows").as_string());
  std::vector<float> rows(row_bytes.size() / 4);
  std::memcpy(rows.data(), row_bytes.data(), row_bytes.size());
  const auto count = static_cast<int64_t>(rows.size());
  for (const auto& [name, bytes] : golden("encode").as_object()) {
    SCOPED_TRACE(name);
    const QuantFormat* format = find_format(name);
    ASSERT_NE(format, nullptr);
    const std::vector<std::byte> expected = from_hex(bytes.as_string());
    std::vector<std::byte> encoded(static_cast<size_t>(format->row_bytes(count)));
    format->encode(rows.data(), encoded.data(), count);
    ASSERT_EQ(encoded.size(), expected.size());
    for (size_t i = 0; i < encoded.size(); ++i) {
      ASSERT_EQ(encoded[i], expected[i]) << "byte " << i % static_cast<size_t>(format->block_bytes) << " of block "
                                         << i / static_cast<size_t>(format->block_bytes);
    }
  }
}

}  // namespace
}  // namespace estoc
