// Q5_0 and Q5_1: 32 weights in 5 bits each with one f16 scale, and for Q5_1 one f16 minimum.
//
// The low four bits lie as in Q4_0 (quant/q4.h); bit e of the little-endian word qh is the fifth bit of element e.
//   Q5_0   | d f16 | qh 4 bytes | qs 16 bytes |              w = d * (q - 16)
//   Q5_1   | d f16 | m f16 | qh 4 bytes | qs 16 bytes |      w = d * q + m
//
// Source: ggml's src/ggml-common.h and src/ggml-quants.c.
#pragma once

#include "quant/format.h"

namespace estoc {

struct [[gnu::packed, gnu::may_alias]] Q5_0Block {
  uint16_t d;  // f16
  uint32_t qh;
  uint8_t qs[16];
};
static_assert(sizeof(Q5_0Block) == 22);

struct [[gnu::packed, gnu::may_alias]] Q5_1Block {
  uint16_t d;  // f16
  uint16_t m;  // f16
  uint32_t qh;
  uint8_t qs[16];
};
static_assert(sizeof(Q5_1Block) == 24);

extern const QuantFormat q5_0, q5_1;

}  // namespace estoc
