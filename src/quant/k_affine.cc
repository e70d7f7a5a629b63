#include "quant/k_affine.h"

#include <algorithm>

#include "quant/block.h"
#include "quant/extremes.h"
#include "quant/half.h"
#include "quant/sub_block_fit.h"

namespace estoc {
namespace {

void decode_q2_k(const Q2KBlock& block, float* target) noexcept {
  const float d = f16_to_f32(block.d);
  const float dmin = f16_to_f32(block.dmin);
  for (int i = 0; i < 256; ++i) {
    const int h = i / 128, j = i % 128 / 32, l = i % 32;
    const uint8_t scales = block.scales[i / 16];
    const int q = block.qs[32 * h + l] >> (2 * j) & 3;
    target[i] = d * static_cast<float>(scales & 15) * static_cast<float>(q) - dmin * static_cast<float>(scales >> 4);
  }
}

void decode_q4_k(const Q4KBlock& block, float* target) noexcept {
  const float d = f16_to_f32(block.d);
  const float dmin = f16_to_f32(block.dmin);
  for (int s = 0; s < 8; ++s) {
    const ScaleMin pair = unpack_scale_min(block.scales, s);
    const float scale = d * static_cast<float>(pair.scale);
    const float minimum = dmin * static_cast<float>(pair.minimum);
    for (int l = 0; l < 32; ++l) {
      const int q = block.qs[32 * (s / 2) + l] >> (4 * (s % 2)) & 15;
      target[32 * s + l] = scale * static_cast<float>(q) - minimum;
    }
  }
}

void decode_q5_k(const Q5KBlock& block, float* target) noexcept {
  const float d = f16_to_f32(block.d);
  const float dmin = f16_to_f32(block.dmin);
  for (int s = 0; s < 8; ++s) {
    const ScaleMin pair = unpack_scale_min(block.scales, s);
    const float scale = d * static_cast<float>(pair.scale);
    const float minimum = dmin * static_cast<float>(pair.minimum);
    for (int l = 0; l < 32; ++l) {
      const int q = (block.qs[32 * (s / 2) + l] >> (4 * (s % 2)) & 15) | (block.qh[l] >> s & 1) << 4;
      target[32 * s + l] = scale * static_cast<float>(q) - minimum;
    }
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

}  // namespace

constinit const QuantFormat q2_k = {"q2_k",
                                    "",
                                    10,
                                    256,
                                    sizeof(Q2KBlock),
                                    decode_row_of<Q2KBlock, 256, decode_q2_k>,
                                    encode_row_of<Q2KBlock, 256, encode_q2_k>,
                                    0.3};
constinit const QuantFormat q4_k = {"q4_k",
                                    "",
                                    12,
                                    256,
                                    sizeof(Q4KBlock),
                                    decode_row_of<Q4KBlock, 256, decode_q4_k>,
                                    encode_row_of<Q4KBlock, 256, encode_q4_k>,
                                    0.082};
constinit const QuantFormat q5_k = {"q5_k",
                                    "",
                                    13,
                                    256,
                                    sizeof(Q5KBlock),
                                    decode_row_of<Q5KBlock, 256, decode_q5_k>,
                                    encode_row_of<Q5KBlock, 256, encode_q5_k>,
                                    0.041};

}  // namespace estoc
