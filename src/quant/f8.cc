#include "quant/f8.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace estoc {
namespace {

constexpr std::array<float, 256> kValues = [] {
  std::array<float, 256> values{};
  for (size_t code = 0; code < values.size(); ++code) values[code] = f8_e4m3_to_f32(static_cast<uint8_t>(code));
  return values;
}();

void decode_e4m3(const std::byte* source, float* target, int64_t count) noexcept {
  for (int64_t i = 0; i < count; ++i) target[i] = kValues[static_cast<uint8_t>(source[i])];
}

void encode_e4m3(const float* source, std::byte* target, int64_t count) noexcept {
  for (int64_t i = 0; i < count; ++i) target[i] = static_cast<std::byte>(f32_to_f8_e4m3(source[i]));
}

// 2^(e - 127), a subnormal for e of 0.
void decode_e8m0(const std::byte* source, float* target, int64_t count) noexcept {
  for (int64_t i = 0; i < count; ++i) {
    const auto e = static_cast<uint32_t>(source[i]);
    target[i] = std::bit_cast<float>(e == 0 ? 0x00400000u : e == 255 ? 0x7FC00000u : e << 23);
  }
}

}  // namespace

uint8_t f32_to_f8_e4m3(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value), magnitude = bits & 0x7FFFFFFFu;
  const uint32_t sign = bits >> 24 & 0x80;
  if (magnitude > 0x7F800000u) return static_cast<uint8_t>(sign | 0x7F);
  // Below the smallest normal number steps are of 2^-9; a result of 8 is that number.
  if (magnitude < std::bit_cast<uint32_t>(0x1p-6f)) {
    const float steps = std::nearbyint(std::bit_cast<float>(magnitude) * 0x1p9f);
    return static_cast<uint8_t>(sign | static_cast<uint32_t>(steps));
  }
  const uint32_t rounded = (magnitude + 0x7FFFF + (magnitude >> 20 & 1)) >> 20;
  return static_cast<uint8_t>(sign | std::min<uint32_t>(rounded - ((127 - 7) << 3), 0x7E));
}

constinit const QuantFormat f8_e4m3 = {"f8_e4m3", "F8_E4M3", -1, 1, 1, decode_e4m3, encode_e4m3, 0.04};
constinit const QuantFormat f8_e8m0 = {"f8_e8m0", "F8_E8M0", -1, 1, 1, decode_e8m0, nullptr, 0.0};

}  // namespace estoc
