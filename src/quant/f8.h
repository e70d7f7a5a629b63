// FP8: numbers of 8 bits, as checkpoints keep matrices that have scales beside them.
//
//   E4M3   | sign | 4 bits exponent, bias 7 | 3 bits fraction |   no infinities; all other bits set is NaN; 448 at most
//   E8M0   | 8 bits exponent, bias 127 |                          powers of two, 255 is NaN: a type of scales
//
// Every number of E4M3 is one of bf16 and of f16.
// Source: OCP 8-bit Floating Point Specification 1.0 (E4M3) and Microscaling Formats 1.0 (E8M0).
#pragma once

#include <bit>
#include <cstdint>

#include "quant/format.h"

namespace estoc {

constexpr float f8_e4m3_to_f32(uint8_t code) {
  const uint32_t sign = static_cast<uint32_t>(code & 0x80) << 24, magnitude = code & 0x7F;
  if (magnitude == 0x7F) return std::bit_cast<float>(sign | 0x7FC00000u);
  if (magnitude < 8) {  // zero and subnormals
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(static_cast<float>(magnitude) * 0x1p-9f));
  }
  return std::bit_cast<float>(sign | ((magnitude << 20) + ((127u - 7u) << 23)));
}

// To the nearest, halfway to even; what is larger than 448 becomes that.
uint8_t f32_to_f8_e4m3(float value);

extern const QuantFormat f8_e4m3, f8_e8m0;

}  // namespace estoc
