#include "quant/k_affine.h"

#include <algorithm>

#include "quant/affine.h"
#include "quant/block.h"
#include "quant/extremes.h"
#include "quant/half.h"
#include "quant/sub_block_fit.h"

namespace estoc {
namespace {

// Codes of element i.
int code_at(const Q2KBlock& block, int i) {
  const int h = i / 128, j = i % 128 / 32, l = i % 32;
  return block.qs[32 * h + l] >> (2 * j) & 3;
}
int code_at(const Q4KBlock& block, int i) { return block.qs[i / 64 * 32 + i % 32] >> (4 * (i / 32 % 2)) & 15; }
int code_at(const Q5KBlock& block, int i) {
  const int low = block.qs[i / 64 * 32 + i % 32] >> (4 * (i / 32 % 2)) & 15;
  return low | (block.qh[i % 32] >> (i / 32) & 1) << 4;
}

void decode_q2_k(const Q2KBlock& block, float* target) noexcept {
  const float d = f16_to_f32(block.d);
  const float dmin = f16_to_f32(block.dmin);
  for (int i = 0; i < 256; ++i) {
    const uint8_t scales = block.scales[i / 16];
    const auto q = static_cast<float>(code_at(block, i));
    target[i] = d * static_cast<float>(scales & 15) * q - dmin * static_cast<float>(scales >> 4);
  }
}

// Q4_K and Q5_K differ in their codes only.
template <typename Block>
void decode_sub_blocks(const Block& block, float* target) noexcept {
  const float d = f16_to_f32(block.d);
  const float dmin = f16_to_f32(block.dmin);
  for (int s = 0; s < 8; ++s) {
    const ScaleMin pair = unpack_scale_min(block.scales, s);
    const float scale = d * static_cast<float>(pair.scale);
    const float minimum = dmin * static_cast<float>(pair.minimum);
    for (int i = 32 * s; i < 32 * (s + 1); ++i) target[i] = scale * static_cast<float>(code_at(block, i)) - minimum;
  }
}

// A super-block before its codes are packed.
template <int kSubBlocks>
struct AffineSuperBlock {
  uint16_t d = 0, dmin = 0;  // f16
  ScaleMin pairs[kSubBlocks];
  uint8_t codes[256];
};

// Fits each sub-block, rounds scales and minima to 0 .. pair_max, and takes the nearest codes under the rounded ones.
template <int kSubBlocks>
AffineSuperBlock<kSubBlocks> fit_super_block(const float* source, int code_max, int pair_max) noexcept {
  constexpr int kCount = 256 / kSubBlocks;
  AffineFit fits[kSubBlocks];
  AffineFit largest;
  for (int s = 0; s < kSubBlocks; ++s) {
    fits[s] = fit_affine(source + kCount * s, kCount, code_max);
    largest.scale = std::max(largest.scale, fits[s].scale);
    largest.minimum = std::max(largest.minimum, fits[s].minimum);
  }
  AffineSuperBlock<kSubBlocks> block;
  block.d = f32_to_f16(largest.scale / static_cast<float>(pair_max));
  block.dmin = f32_to_f16(largest.minimum / static_cast<float>(pair_max));
  const float d = f16_to_f32(block.d);
  const float dmin = f16_to_f32(block.dmin);
  for (int s = 0; s < kSubBlocks; ++s) {
    ScaleMin& pair = block.pairs[s];
    pair.scale = round_to_int(fits[s].scale * reciprocal(d), 0, pair_max);
    pair.minimum = round_to_int(fits[s].minimum * reciprocal(dmin), 0, pair_max);
    const float inverse = reciprocal(d * static_cast<float>(pair.scale));
    const float minimum = dmin * static_cast<float>(pair.minimum);
    for (int i = kCount * s; i < kCount * (s + 1); ++i) {
      block.codes[i] = static_cast<uint8_t>(round_to_int((source[i] + minimum) * inverse, 0, code_max));
    }
  }
  return block;
}

void pack_scale_min(const ScaleMin (&pairs)[8], uint8_t (&scales)[12]) noexcept {
  for (int s = 0; s < 4; ++s) {
    const ScaleMin low = pairs[s], high = pairs[s + 4];
    scales[s] = static_cast<uint8_t>(low.scale | (high.scale >> 4) << 6);
    scales[s + 4] = static_cast<uint8_t>(low.minimum | (high.minimum >> 4) << 6);
    scales[s + 8] = static_cast<uint8_t>((high.scale & 15) | (high.minimum & 15) << 4);
  }
}

void encode_q2_k(const float* source, Q2KBlock& block) noexcept {
  const auto fitted = fit_super_block<16>(source, 3, 15);
  block = {};
  block.d = fitted.d;
  block.dmin = fitted.dmin;
  for (int s = 0; s < 16; ++s) {
    block.scales[s] = static_cast<uint8_t>(fitted.pairs[s].scale | fitted.pairs[s].minimum << 4);
  }
  for (int i = 0; i < 256; ++i) {
    const int h = i / 128, j = i % 128 / 32, l = i % 32;
    block.qs[32 * h + l] = static_cast<uint8_t>(block.qs[32 * h + l] | fitted.codes[i] << (2 * j));
  }
}

void encode_q4_k(const float* source, Q4KBlock& block) noexcept {
  const auto fitted = fit_super_block<8>(source, 15, 63);
  block = {};
  block.d = fitted.d;
  block.dmin = fitted.dmin;
  pack_scale_min(fitted.pairs, block.scales);
  for (int i = 0; i < 256; ++i) {
    const int s = i / 32;
    uint8_t& byte = block.qs[32 * (s / 2) + i % 32];
    byte = static_cast<uint8_t>(byte | fitted.codes[i] << (4 * (s % 2)));
  }
}

void encode_q5_k(const float* source, Q5KBlock& block) noexcept {
  const auto fitted = fit_super_block<8>(source, 31, 63);
  block = {};
  block.d = fitted.d;
  block.dmin = fitted.dmin;
  pack_scale_min(fitted.pairs, block.scales);
  for (int i = 0; i < 256; ++i) {
    const int s = i / 32, l = i % 32;
    uint8_t& byte = block.qs[32 * (s / 2) + l];
    byte = static_cast<uint8_t>(byte | (fitted.codes[i] & 15) << (4 * (s % 2)));
    block.qh[l] = static_cast<uint8_t>(block.qh[l] | (fitted.codes[i] >> 4) << s);
  }
}

void unpack_q2_k(const Q2KBlock& block, uint8_t* codes, float* scales, float* mins) noexcept {
  for (int i = 0; i < 256; ++i) codes[i] = static_cast<uint8_t>(code_at(block, i));
  for (int s = 0; s < 16; ++s) {
    scales[s] = f16_to_f32(block.d) * static_cast<float>(block.scales[s] & 15);
    mins[s] = -f16_to_f32(block.dmin) * static_cast<float>(block.scales[s] >> 4);
  }
}

template <typename Block>
void unpack_sub_blocks(const Block& block, uint8_t* codes, float* scales, float* mins) noexcept {
  for (int i = 0; i < 256; ++i) codes[i] = static_cast<uint8_t>(code_at(block, i));
  for (int s = 0; s < 8; ++s) {
    const ScaleMin pair = unpack_scale_min(block.scales, s);
    scales[s] = f16_to_f32(block.d) * static_cast<float>(pair.scale);
    mins[s] = -f16_to_f32(block.dmin) * static_cast<float>(pair.minimum);
  }
}

constexpr AffineView kQ2KAffine = {.bits = 4,
                                   .group = 16,
                                   .zero = 0,
                                   .has_min = true,
                                   .scale_type = ScaleType::f32,
                                   .unpack = unpack_row_of<Q2KBlock, 256, 16, unpack_q2_k>};
constexpr AffineView kQ4KAffine = {.bits = 4,
                                   .group = 32,
                                   .zero = 0,
                                   .has_min = true,
                                   .scale_type = ScaleType::f32,
                                   .unpack = unpack_row_of<Q4KBlock, 256, 32, unpack_sub_blocks<Q4KBlock>>};
constexpr AffineView kQ5KAffine = {.bits = 8,
                                   .group = 32,
                                   .zero = 0,
                                   .has_min = true,
                                   .scale_type = ScaleType::f32,
                                   .unpack = unpack_row_of<Q5KBlock, 256, 32, unpack_sub_blocks<Q5KBlock>>};

}  // namespace

constinit const QuantFormat q2_k = {"q2_k",
                                    "",
                                    10,
                                    256,
                                    sizeof(Q2KBlock),
                                    decode_row_of<Q2KBlock, 256, decode_q2_k>,
                                    encode_row_of<Q2KBlock, 256, encode_q2_k>,
                                    0.3,
                                    &kQ2KAffine};
constinit const QuantFormat q4_k = {"q4_k",
                                    "",
                                    12,
                                    256,
                                    sizeof(Q4KBlock),
                                    decode_row_of<Q4KBlock, 256, decode_sub_blocks<Q4KBlock>>,
                                    encode_row_of<Q4KBlock, 256, encode_q4_k>,
                                    0.082,
                                    &kQ4KAffine};
constinit const QuantFormat q5_k = {"q5_k",
                                    "",
                                    13,
                                    256,
                                    sizeof(Q5KBlock),
                                    decode_row_of<Q5KBlock, 256, decode_sub_blocks<Q5KBlock>>,
                                    encode_row_of<Q5KBlock, 256, encode_q5_k>,
                                    0.041,
                                    &kQ5KAffine};

}  // namespace estoc
