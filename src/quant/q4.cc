#include "quant/q4.h"

#include "quant/affine.h"
#include "quant/block.h"
#include "quant/extremes.h"
#include "quant/half.h"

namespace estoc {
namespace {

void decode_q4_0(const Q4_0Block& block, float* target) noexcept {
  const float d = f16_to_f32(block.d);
  for (int j = 0; j < 16; ++j) {
    target[j] = d * static_cast<float>((block.qs[j] & 15) - 8);
    target[j + 16] = d * static_cast<float>((block.qs[j] >> 4) - 8);
  }
}

// The extreme value becomes code 0, that is -8 d: the side with one more step.
void encode_q4_0(const float* source, Q4_0Block& block) noexcept {
  const float d = signed_extreme(source, 32) / -8;
  const float inverse = reciprocal(d);
  block.d = f32_to_f16(d);
  for (int j = 0; j < 16; ++j) {
    const int low = clamp_to_int(source[j] * inverse + 8.5f, 0, 15);
    const int high = clamp_to_int(source[j + 16] * inverse + 8.5f, 0, 15);
    block.qs[j] = static_cast<uint8_t>(low | high << 4);
  }
}

void decode_q4_1(const Q4_1Block& block, float* target) noexcept {
  const float d = f16_to_f32(block.d);
  const float m = f16_to_f32(block.m);
  for (int j = 0; j < 16; ++j) {
    target[j] = d * static_cast<float>(block.qs[j] & 15) + m;
    target[j + 16] = d * static_cast<float>(block.qs[j] >> 4) + m;
  }
}

void encode_q4_1(const float* source, Q4_1Block& block) noexcept {
  const Range range = range_of(source, 32);
  const float d = (range.high - range.low) / 15;
  const float inverse = reciprocal(d);
  block.d = f32_to_f16(d);
  block.m = f32_to_f16(range.low);
  for (int j = 0; j < 16; ++j) {
    const int low = clamp_to_int((source[j] - range.low) * inverse + 0.5f, 0, 15);
    const int high = clamp_to_int((source[j + 16] - range.low) * inverse + 0.5f, 0, 15);
    block.qs[j] = static_cast<uint8_t>(low | high << 4);
  }
}

void unpack_nibbles(const uint8_t* qs, uint8_t* codes) {
  for (int j = 0; j < 16; ++j) {
    codes[j] = qs[j] & 15;
    codes[j + 16] = qs[j] >> 4;
  }
}

void unpack_q4_0(const Q4_0Block& block, uint8_t* codes, float* scales, float*) noexcept {
  unpack_nibbles(block.qs, codes);
  scales[0] = f16_to_f32(block.d);
}

void unpack_q4_1(const Q4_1Block& block, uint8_t* codes, float* scales, float* mins) noexcept {
  unpack_nibbles(block.qs, codes);
  scales[0] = f16_to_f32(block.d);
  mins[0] = f16_to_f32(block.m);
}

constexpr AffineView kQ4_0Affine = {.bits = 4,
                                    .group = 32,
                                    .zero = 8,
                                    .has_min = false,
                                    .scale_type = ScaleType::f16,
                                    .unpack = unpack_row_of<Q4_0Block, 32, 32, unpack_q4_0>};
constexpr AffineView kQ4_1Affine = {.bits = 4,
                                    .group = 32,
                                    .zero = 0,
                                    .has_min = true,
                                    .scale_type = ScaleType::f16,
                                    .unpack = unpack_row_of<Q4_1Block, 32, 32, unpack_q4_1>};

}  // namespace

constinit const QuantFormat q4_0 = {"q4_0",
                                    "",
                                    2,
                                    32,
                                    sizeof(Q4_0Block),
                                    decode_row_of<Q4_0Block, 32, decode_q4_0>,
                                    encode_row_of<Q4_0Block, 32, encode_q4_0>,
                                    0.096,
                                    &kQ4_0Affine};
constinit const QuantFormat q4_1 = {"q4_1",
                                    "",
                                    3,
                                    32,
                                    sizeof(Q4_1Block),
                                    decode_row_of<Q4_1Block, 32, decode_q4_1>,
                                    encode_row_of<Q4_1Block, 32, encode_q4_1>,
                                    0.086,
                                    &kQ4_1Affine};

}  // namespace estoc
