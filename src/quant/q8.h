// Q8_0: 32 weights as signed bytes with one f16 scale.
//   Q8_0   | d f16 | qs 32 x i8 |              w = d * q
// Source: ggml's src/ggml-common.h and src/ggml-quants.c.
#pragma once

#include "quant/format.h"

namespace estoc {

struct [[gnu::packed, gnu::may_alias]] Q8_0Block {
  uint16_t d;  // f16
  int8_t qs[32];
};
static_assert(sizeof(Q8_0Block) == 34);

extern const QuantFormat q8_0;

}  // namespace estoc
