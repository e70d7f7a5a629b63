// MXFP4: 32 weights as 4-bit floats (sign, two exponent bits, one mantissa bit) with one power of two.
//
//   MXFP4   | e u8 | qs 16 bytes, nibbles as in Q4_0 |      w = kMxfp4Values[q] * 2^(e - 128)
//
// The values are those of E2M1 doubled, so that they are integers: 0 1 2 3 4 6 8 12 for 0 0.5 1 1.5 2 3 4 6.
// Source: OCP Microscaling Formats 1.0; layout of ggml's src/ggml-common.h. As there, e = 255 is a scale like the
// others and not NaN.
#pragma once

#include <bit>

#include "quant/format.h"

namespace estoc {

inline constexpr int8_t kMxfp4Values[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// 2^(e - 128), a subnormal for e of 0 and 1.
inline float mxfp4_scale(uint8_t e) {
  return std::bit_cast<float>(e < 2 ? 0x00200000u << e : static_cast<uint32_t>(e - 1) << 23);
}

struct [[gnu::packed, gnu::may_alias]] Mxfp4Block {
  uint8_t e;
  uint8_t qs[16];
};
static_assert(sizeof(Mxfp4Block) == 17);

extern const QuantFormat mxfp4;

}  // namespace estoc
