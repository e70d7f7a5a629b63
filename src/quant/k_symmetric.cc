#include "quant/k_symmetric.h"

#include "quant/affine.h"
#include "quant/block.h"
#include "quant/extremes.h"
#include "quant/half.h"
#include "quant/sub_block_fit.h"

namespace estoc {
namespace {

int q3_k_scale(const uint8_t (&scales)[12], int s) {
  const int low = scales[s % 8] >> (4 * (s / 8)) & 15;
  const int high = scales[8 + s % 4] >> (2 * (s / 4)) & 3;
  return (low | high << 4) - 32;
}

// Codes of element i, counted from 0.
int code_at(const Q3KBlock& block, int i) {
  const int h = i / 128, j = i % 128 / 32, l = i % 32;
  return (block.qs[32 * h + l] >> (2 * j) & 3) | (block.hmask[l] >> (4 * h + j) & 1) << 2;
}
int code_at(const Q6KBlock& block, int i) {
  const int h = i / 128, j = i % 128 / 32, l = i % 32;
  const int low = block.ql[64 * h + 32 * (j % 2) + l] >> (4 * (j / 2)) & 15;
  return low | (block.qh[32 * h + l] >> (2 * j) & 3) << 4;
}

void decode_q3_k(const Q3KBlock& block, float* target) noexcept {
  const float d = f16_to_f32(block.d);
  for (int i = 0; i < 256; ++i) {
    target[i] = d * static_cast<float>(q3_k_scale(block.scales, i / 16)) * static_cast<float>(code_at(block, i) - 4);
  }
}

void decode_q6_k(const Q6KBlock& block, float* target) noexcept {
  const float d = f16_to_f32(block.d);
  for (int i = 0; i < 256; ++i) {
    target[i] = d * static_cast<float>(block.scales[i / 16]) * static_cast<float>(code_at(block, i) - 32);
  }
}

// A super-block before its codes are packed; codes count from 0.
struct SymmetricSuperBlock {
  uint16_t d = 0;  // f16
  int scales[16];
  uint8_t codes[256];
};

// code_min and scale_min are the negative ends of ranges with one more step below zero than above.
SymmetricSuperBlock fit_super_block(const float* source, int code_min, int scale_min) noexcept {
  const int code_max = -code_min - 1;
  float fits[16];
  for (int s = 0; s < 16; ++s) fits[s] = fit_symmetric(source + 16 * s, 16, code_min, code_max);
  SymmetricSuperBlock block;
  block.d = f32_to_f16(signed_extreme(fits, 16) / static_cast<float>(scale_min));
  const float d = f16_to_f32(block.d);
  for (int s = 0; s < 16; ++s) {
    block.scales[s] = round_to_int(fits[s] * reciprocal(d), scale_min, -scale_min - 1);
    const float inverse = reciprocal(d * static_cast<float>(block.scales[s]));
    for (int i = 16 * s; i < 16 * (s + 1); ++i) {
      block.codes[i] = static_cast<uint8_t>(round_to_int(source[i] * inverse, code_min, code_max) - code_min);
    }
  }
  return block;
}

void encode_q3_k(const float* source, Q3KBlock& block) noexcept {
  const SymmetricSuperBlock fitted = fit_super_block(source, -4, -32);
  block = {};
  block.d = fitted.d;
  for (int s = 0; s < 16; ++s) {
    const int stored = fitted.scales[s] + 32;
    uint8_t& low = block.scales[s % 8];
    uint8_t& high = block.scales[8 + s % 4];
    low = static_cast<uint8_t>(low | (stored & 15) << (4 * (s / 8)));
    high = static_cast<uint8_t>(high | (stored >> 4) << (2 * (s / 4)));
  }
  for (int i = 0; i < 256; ++i) {
    const int h = i / 128, j = i % 128 / 32, l = i % 32;
    uint8_t& low = block.qs[32 * h + l];
    low = static_cast<uint8_t>(low | (fitted.codes[i] & 3) << (2 * j));
    block.hmask[l] = static_cast<uint8_t>(block.hmask[l] | (fitted.codes[i] >> 2) << (4 * h + j));
  }
}

void encode_q6_k(const float* source, Q6KBlock& block) noexcept {
  const SymmetricSuperBlock fitted = fit_super_block(source, -32, -128);
  block = {};
  block.d = fitted.d;
  for (int s = 0; s < 16; ++s) block.scales[s] = static_cast<int8_t>(fitted.scales[s]);
  for (int i = 0; i < 256; ++i) {
    const int h = i / 128, j = i % 128 / 32, l = i % 32;
    uint8_t& low = block.ql[64 * h + 32 * (j % 2) + l];
    uint8_t& high = block.qh[32 * h + l];
    low = static_cast<uint8_t>(low | (fitted.codes[i] & 15) << (4 * (j / 2)));
    high = static_cast<uint8_t>(high | (fitted.codes[i] >> 4) << (2 * j));
  }
}

void unpack_q3_k(const Q3KBlock& block, uint8_t* codes, float* scales, float*) noexcept {
  for (int i = 0; i < 256; ++i) codes[i] = static_cast<uint8_t>(code_at(block, i));
  for (int s = 0; s < 16; ++s) scales[s] = f16_to_f32(block.d) * static_cast<float>(q3_k_scale(block.scales, s));
}

void unpack_q6_k(const Q6KBlock& block, uint8_t* codes, float* scales, float*) noexcept {
  for (int i = 0; i < 256; ++i) codes[i] = static_cast<uint8_t>(code_at(block, i));
  for (int s = 0; s < 16; ++s) scales[s] = f16_to_f32(block.d) * static_cast<float>(block.scales[s]);
}

constexpr AffineView kQ3KAffine = {.bits = 4,
                                   .group = 16,
                                   .zero = 4,
                                   .has_min = false,
                                   .scale_type = ScaleType::f32,
                                   .unpack = unpack_row_of<Q3KBlock, 256, 16, unpack_q3_k>};
constexpr AffineView kQ6KAffine = {.bits = 8,
                                   .group = 16,
                                   .zero = 32,
                                   .has_min = false,
                                   .scale_type = ScaleType::f32,
                                   .unpack = unpack_row_of<Q6KBlock, 256, 16, unpack_q6_k>};

}  // namespace

constinit const QuantFormat q3_k = {"q3_k",
                                    "",
                                    11,
                                    256,
                                    sizeof(Q3KBlock),
                                    decode_row_of<Q3KBlock, 256, decode_q3_k>,
                                    encode_row_of<Q3KBlock, 256, encode_q3_k>,
                                    0.165,
                                    &kQ3KAffine};
constinit const QuantFormat q6_k = {"q6_k",
                                    "",
                                    14,
                                    256,
                                    sizeof(Q6KBlock),
                                    decode_row_of<Q6KBlock, 256, decode_q6_k>,
                                    encode_row_of<Q6KBlock, 256, encode_q6_k>,
                                    0.0205,
                                    &kQ6KAffine};

}  // namespace estoc
