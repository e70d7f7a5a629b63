// Q4_0 and Q4_1: 32 weights in 4 bits each with one f16 scale, and for Q4_1 one f16 minimum.
//
// A byte carries two weights sixteen apart:   qs[j]   7..4 = element j + 16 | 3..0 = element j
//   Q4_0   | d f16 | qs 16 bytes |              w = d * (q - 8)
//   Q4_1   | d f16 | m f16 | qs 16 bytes |      w = d * q + m
//
// Source: ggml's src/ggml-common.h and src/ggml-quants.c; gguf-py's quants.py is the oracle of the tests.
#pragma once

#include "quant/format.h"

namespace estoc {

struct [[gnu::packed, gnu::may_alias]] Q4_0Block {
  uint16_t d;  // f16
  uint8_t qs[16];
};
static_assert(sizeof(Q4_0Block) == 18);

struct [[gnu::packed, gnu::may_alias]] Q4_1Block {
  uint16_t d;  // f16
  uint16_t m;  // f16
  uint8_t qs[16];
};
static_assert(sizeof(Q4_1Block) == 20);

extern const QuantFormat q4_0, q4_1;

}  // namespace estoc
