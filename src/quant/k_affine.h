// Q2_K, Q4_K and Q5_K: super-blocks of 256 weights whose sub-blocks have a scale and a minimum of a few bits each,
// against two f16 for all: w = d * S * q - dmin * M.
//
//   Q2_K   | scales 16 bytes | qs 64 bytes | d f16 | dmin f16 |        sub-blocks of 16; scales[s]: 7..4 = M | 3..0 = S
//          element 128 h + 32 j + l: bits 2j, 2j+1 of qs[32 h + l]
//   Q4_K   | d f16 | dmin f16 | scales 12 bytes | qs 128 bytes |       sub-blocks of 32
//          element 32 s + l: low (s even) or high (s odd) nibble of qs[32 (s / 2) + l]
//   Q5_K   | d f16 | dmin f16 | scales 12 bytes | qh 32 bytes | qs 128 bytes |
//          as Q4_K, the fifth bit being bit s of qh[l]
//
// The twelve bytes hold eight pairs of 6 bits:
//   byte s      (s < 4)   7..6 = S of s+4, high bits | 5..0 = S of s
//   byte s + 4  (s < 4)   7..6 = M of s+4, high bits | 5..0 = M of s
//   byte s + 8  (s < 4)   7..4 = M of s+4, low bits  | 3..0 = S of s+4, low bits
//
// Source: ggml's src/ggml-common.h and src/ggml-quants.c.
#pragma once

#include "quant/format.h"

namespace estoc {

struct [[gnu::packed, gnu::may_alias]] Q2KBlock {
  uint8_t scales[16];
  uint8_t qs[64];
  uint16_t d;     // f16
  uint16_t dmin;  // f16
};
static_assert(sizeof(Q2KBlock) == 84);

struct [[gnu::packed, gnu::may_alias]] Q4KBlock {
  uint16_t d;     // f16
  uint16_t dmin;  // f16
  uint8_t scales[12];
  uint8_t qs[128];
};
static_assert(sizeof(Q4KBlock) == 144);

struct [[gnu::packed, gnu::may_alias]] Q5KBlock {
  uint16_t d;     // f16
  uint16_t dmin;  // f16
  uint8_t scales[12];
  uint8_t qh[32];
  uint8_t qs[128];
};
static_assert(sizeof(Q5KBlock) == 176);

struct ScaleMin {
  int scale, minimum;  // 0 .. 63
};

// Pair s (0 .. 7) of the twelve bytes.
inline ScaleMin unpack_scale_min(const uint8_t* scales, int s) {
  if (s < 4) return {scales[s] & 63, scales[s + 4] & 63};
  return {(scales[s + 4] & 15) | (scales[s - 4] >> 6) << 4, scales[s + 4] >> 4 | (scales[s] >> 6) << 4};
}

extern const QuantFormat q2_k, q4_k, q5_k;

}  // namespace estoc
