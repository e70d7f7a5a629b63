#include "quant/q5.h"

#include "quant/affine.h"
#include "quant/block.h"
#include "quant/extremes.h"
#include "quant/half.h"

namespace estoc {
namespace {

struct CodePair {
  int low, high;  // elements j and j + 16
};

CodePair codes_at(const uint8_t (&qs)[16], uint32_t qh, int j) {
  return {(qs[j] & 15) | static_cast<int>(qh >> j & 1) << 4, qs[j] >> 4 | static_cast<int>(qh >> (j + 16) & 1) << 4};
}

void put_codes(uint8_t (&qs)[16], uint32_t& qh, int j, CodePair codes) {
  qs[j] = static_cast<uint8_t>((codes.low & 15) | (codes.high & 15) << 4);
  qh |= static_cast<uint32_t>(codes.low >> 4) << j | static_cast<uint32_t>(codes.high >> 4) << (j + 16);
}

void decode_q5_0(const Q5_0Block& block, float* target) noexcept {
  const float d = f16_to_f32(block.d);
  for (int j = 0; j < 16; ++j) {
    const CodePair codes = codes_at(block.qs, block.qh, j);
    target[j] = d * static_cast<float>(codes.low - 16);
    target[j + 16] = d * static_cast<float>(codes.high - 16);
  }
}

void encode_q5_0(const float* source, Q5_0Block& block) noexcept {
  const float d = signed_extreme(source, 32) / -16;
  const float inverse = reciprocal(d);
  uint32_t qh = 0;
  for (int j = 0; j < 16; ++j) {
    const auto code = [&](float value) { return clamp_to_int(value * inverse + 16.5f, 0, 31); };
    put_codes(block.qs, qh, j, {code(source[j]), code(source[j + 16])});
  }
  block.d = f32_to_f16(d);
  block.qh = qh;
}

void decode_q5_1(const Q5_1Block& block, float* target) noexcept {
  const float d = f16_to_f32(block.d);
  const float m = f16_to_f32(block.m);
  for (int j = 0; j < 16; ++j) {
    const CodePair codes = codes_at(block.qs, block.qh, j);
    target[j] = d * static_cast<float>(codes.low) + m;
    target[j + 16] = d * static_cast<float>(codes.high) + m;
  }
}

void encode_q5_1(const float* source, Q5_1Block& block) noexcept {
  const Range range = range_of(source, 32);
  const float d = (range.high - range.low) / 31;
  const float inverse = reciprocal(d);
  uint32_t qh = 0;
  for (int j = 0; j < 16; ++j) {
    const auto code = [&](float value) { return clamp_to_int((value - range.low) * inverse + 0.5f, 0, 31); };
    put_codes(block.qs, qh, j, {code(source[j]), code(source[j + 16])});
  }
  block.d = f32_to_f16(d);
  block.m = f32_to_f16(range.low);
  block.qh = qh;
}

void unpack_codes(const uint8_t (&qs)[16], uint32_t qh, uint8_t* target) {
  for (int j = 0; j < 16; ++j) {
    const CodePair codes = codes_at(qs, qh, j);
    target[j] = static_cast<uint8_t>(codes.low);
    target[j + 16] = static_cast<uint8_t>(codes.high);
  }
}

void unpack_q5_0(const Q5_0Block& block, uint8_t* codes, float* scales, float*) noexcept {
  unpack_codes(block.qs, block.qh, codes);
  scales[0] = f16_to_f32(block.d);
}

void unpack_q5_1(const Q5_1Block& block, uint8_t* codes, float* scales, float* mins) noexcept {
  unpack_codes(block.qs, block.qh, codes);
  scales[0] = f16_to_f32(block.d);
  mins[0] = f16_to_f32(block.m);
}

constexpr AffineView kQ5_0Affine = {.bits = 8,
                                    .group = 32,
                                    .zero = 16,
                                    .has_min = false,
                                    .scale_type = ScaleType::f16,
                                    .unpack = unpack_row_of<Q5_0Block, 32, 32, unpack_q5_0>};
constexpr AffineView kQ5_1Affine = {.bits = 8,
                                    .group = 32,
                                    .zero = 0,
                                    .has_min = true,
                                    .scale_type = ScaleType::f16,
                                    .unpack = unpack_row_of<Q5_1Block, 32, 32, unpack_q5_1>};

}  // namespace

constinit const QuantFormat q5_0 = {"q5_0",
                                    "",
                                    6,
                                    32,
                                    sizeof(Q5_0Block),
                                    decode_row_of<Q5_0Block, 32, decode_q5_0>,
                                    encode_row_of<Q5_0Block, 32, encode_q5_0>,
                                    0.047,
                                    &kQ5_0Affine};
constinit const QuantFormat q5_1 = {"q5_1",
                                    "",
                                    7,
                                    32,
                                    sizeof(Q5_1Block),
                                    decode_row_of<Q5_1Block, 32, decode_q5_1>,
                                    encode_row_of<Q5_1Block, 32, encode_q5_1>,
                                    0.042,
                                    &kQ5_1Affine};

}  // namespace estoc
