#include "tokenizer/byte_level.h"

#include <array>
#include <cstdint>

#include "base/utf8.h"

namespace estoc {
namespace {

constexpr bool stands_for_itself(int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr std::array<uint16_t, 256> make_code_points() {
  std::array<uint16_t, 256> code_points{};
  uint16_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    code_points[static_cast<size_t>(byte)] = stands_for_itself(byte) ? static_cast<uint16_t>(byte) : next++;
  }
  return code_points;
}

constexpr std::array<uint16_t, 256> kCodePointOfByte = make_code_points();
constexpr size_t kCodePointCount = 0x100 + 68;

constexpr std::array<int16_t, kCodePointCount> make_bytes() {
  std::array<int16_t, kCodePointCount> bytes{};
  for (int16_t& byte : bytes) byte = -1;
  for (int byte = 0; byte < 256; ++byte) {
    bytes[kCodePointOfByte[static_cast<size_t>(byte)]] = static_cast<int16_t>(byte);
  }
  return bytes;
}

constexpr std::array<int16_t, kCodePointCount> kByteOfCodePoint = make_bytes();

}  // namespace

std::optional<std::string> bytes_of_spelling(std::string_view spelling) {
  std::string bytes;
  bytes.reserve(spelling.size());
  while (!spelling.empty()) {
    if (const auto first = static_cast<unsigned char>(spelling[0]); first < 0x80) {  // most of them
      if (kByteOfCodePoint[first] < 0) return std::nullopt;
      bytes.push_back(static_cast<char>(first));
      spelling.remove_prefix(1);
      continue;
    }
    const int length = utf8_sequence_bytes(spelling);
    if (length <= 0) return std::nullopt;
    const uint32_t code_point = utf8_decode(spelling, length);
    if (code_point >= kCodePointCount || kByteOfCodePoint[code_point] < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(kByteOfCodePoint[code_point]));
    spelling.remove_prefix(static_cast<size_t>(length));
  }
  return bytes;
}

std::string spelling_of_bytes(std::string_view bytes) {
  std::string spelling;
  for (const char byte : bytes) utf8_append(spelling, kCodePointOfByte[static_cast<unsigned char>(byte)]);
  return spelling;
}

}  // namespace estoc
