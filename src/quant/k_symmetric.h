// Q3_K and Q6_K: super-blocks of 256 weights in sixteen sub-blocks with a signed scale each, against one f16 for all.
//
//   Q3_K   | hmask 32 bytes | qs 64 bytes | scales 12 bytes | d f16 |        w = d * (S - 32) * (q - 4)
//          element 128 h + 32 j + l: low bits 2j, 2j+1 of qs[32 h + l], third bit 4h+j of hmask[l]
//          S of sub-block s: low four bits in nibble s / 8 of scales[s % 8], high two in bits 2(s/4), 2(s/4)+1 of
//          scales[8 + s % 4]
//   Q6_K   | ql 128 bytes | qh 64 bytes | scales 16 x i8 | d f16 |           w = d * S * (q - 32)
//          element 128 h + 32 j + l: nibble j / 2 of ql[64 h + 32 (j % 2) + l], high bits 2j, 2j+1 of qh[32 h + l]
//
// Source: ggml's src/ggml-common.h and src/ggml-quants.c.
#pragma once

#include "quant/format.h"

namespace estoc {

struct [[gnu::packed, gnu::may_alias]] Q3KBlock {
  uint8_t hmask[32];
  uint8_t qs[64];
  uint8_t scales[12];
  uint16_t d;  // f16
};
static_assert(sizeof(Q3KBlock) == 110);

struct [[gnu::packed, gnu::may_alias]] Q6KBlock {
  uint8_t ql[128];
  uint8_t qh[64];
  int8_t scales[16];
  uint16_t d;  // f16
};
static_assert(sizeof(Q6KBlock) == 210);

extern const QuantFormat q3_k, q6_k;

}  // namespace estoc
