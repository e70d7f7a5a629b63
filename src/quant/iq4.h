// IQ4_NL and IQ4_XS: 4-bit indices into sixteen unevenly spaced values, denser around zero as weights are.
//
//   IQ4_NL   | d f16 | qs 16 bytes |   32 weights, nibbles as in Q4_0          w = d * kIq4Values[q]
//   IQ4_XS   | d f16 | scales_h u16 | scales_l 4 bytes | qs 128 bytes |   256 weights, eight such sub-blocks b
//            s = nibble b of scales_l | bits 2b, 2b+1 of scales_h << 4         w = d * (s - 32) * kIq4Values[q]
//
// Source: ggml's src/ggml-common.h and src/ggml-quants.c.
#pragma once

#include "quant/format.h"

namespace estoc {

inline constexpr int8_t kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

struct [[gnu::packed, gnu::may_alias]] Iq4NlBlock {
  uint16_t d;  // f16
  uint8_t qs[16];
};
static_assert(sizeof(Iq4NlBlock) == 18);

struct [[gnu::packed, gnu::may_alias]] Iq4XsBlock {
  uint16_t d;  // f16
  uint16_t scales_h;
  uint8_t scales_l[4];
  uint8_t qs[128];
};
static_assert(sizeof(Iq4XsBlock) == 136);

extern const QuantFormat iq4_nl, iq4_xs;

}  // namespace estoc
