#include "quant/iq4.h"

#include "quant/affine.h"
#include "quant/block.h"
#include "quant/extremes.h"
#include "quant/half.h"

namespace estoc {
namespace {

void decode_nibbles(const uint8_t* qs, float d, float* target) noexcept {
  for (int j = 0; j < 16; ++j) {
    target[j] = d * static_cast<float>(kIq4Values[qs[j] & 15]);
    target[j + 16] = d * static_cast<float>(kIq4Values[qs[j] >> 4]);
  }
}

// The index of the nearest value; the values ascend.
int nearest_index(float value) {
  int index = 0;
  while (index < 15 && value > static_cast<float>(kIq4Values[index] + kIq4Values[index + 1]) / 2) ++index;
  return index;
}

void encode_nibbles(const float* source, float inverse, uint8_t* qs) noexcept {
  for (int j = 0; j < 16; ++j) {
    const int low = nearest_index(source[j] * inverse);
    const int high = nearest_index(source[j + 16] * inverse);
    qs[j] = static_cast<uint8_t>(low | high << 4);
  }
}

void decode_iq4_nl(const Iq4NlBlock& block, float* target) noexcept {
  decode_nibbles(block.qs, f16_to_f32(block.d), target);
}

void encode_iq4_nl(const float* source, Iq4NlBlock& block) noexcept {
  block.d = f32_to_f16(signed_extreme(source, 32) / kIq4Values[0]);
  encode_nibbles(source, reciprocal(f16_to_f32(block.d)), block.qs);
}

// The scale of sub-block b, -32 .. 31.
int scale_of(const Iq4XsBlock& block, int b) {
  const int low = block.scales_l[b / 2] >> (4 * (b % 2)) & 15;
  const int high = block.scales_h >> (2 * b) & 3;
  return (low | high << 4) - 32;
}

void decode_iq4_xs(const Iq4XsBlock& block, float* target) noexcept {
  const float d = f16_to_f32(block.d);
  for (int b = 0; b < 8; ++b) {
    decode_nibbles(block.qs + 16 * b, d * static_cast<float>(scale_of(block, b)), target + 32 * b);
  }
}

void encode_iq4_xs(const float* source, Iq4XsBlock& block) noexcept {
  float scales[8];
  for (int b = 0; b < 8; ++b) scales[b] = signed_extreme(source + 32 * b, 32) / kIq4Values[0];
  block = {};
  block.d = f32_to_f16(signed_extreme(scales, 8) / -32);
  const float d = f16_to_f32(block.d);
  for (int b = 0; b < 8; ++b) {
    const int scale = round_to_int(scales[b] * reciprocal(d), -32, 31);
    encode_nibbles(source + 32 * b, reciprocal(d * static_cast<float>(scale)), block.qs + 16 * b);
    const int stored = scale + 32;
    block.scales_l[b / 2] = static_cast<uint8_t>(block.scales_l[b / 2] | (stored & 15) << (4 * (b % 2)));
    block.scales_h = static_cast<uint16_t>(block.scales_h | (stored >> 4) << (2 * b));
  }
}

// kIq4Values as bytes around 128.
constexpr auto kPanelValues = values_around<128>(kIq4Values);

void unpack_indices(const uint8_t* qs, uint8_t* codes) {
  for (int j = 0; j < 16; ++j) {
    codes[j] = qs[j] & 15;
    codes[j + 16] = qs[j] >> 4;
  }
}

void unpack_iq4_nl(const Iq4NlBlock& block, uint8_t* codes, float* scales, float*) noexcept {
  unpack_indices(block.qs, codes);
  scales[0] = f16_to_f32(block.d);
}

void unpack_iq4_xs(const Iq4XsBlock& block, uint8_t* codes, float* scales, float*) noexcept {
  const float d = f16_to_f32(block.d);
  for (int b = 0; b < 8; ++b) {
    unpack_indices(block.qs + 16 * b, codes + 32 * b);
    scales[b] = d * static_cast<float>(scale_of(block, b));
  }
}

constexpr AffineView kIq4NlAffine = {.bits = 4,
                                     .group = 32,
                                     .zero = 128,
                                     .has_min = false,
                                     .scale_type = ScaleType::f16,
                                     .values = kPanelValues.data(),
                                     .unpack = unpack_row_of<Iq4NlBlock, 32, 32, unpack_iq4_nl>};
constexpr AffineView kIq4XsAffine = {.bits = 4,
                                     .group = 32,
                                     .zero = 128,
                                     .has_min = false,
                                     .scale_type = ScaleType::f32,
                                     .values = kPanelValues.data(),
                                     .unpack = unpack_row_of<Iq4XsBlock, 256, 32, unpack_iq4_xs>};

}  // namespace

constinit const QuantFormat iq4_nl = {"iq4_nl",
                                      "",
                                      20,
                                      32,
                                      sizeof(Iq4NlBlock),
                                      decode_row_of<Iq4NlBlock, 32, decode_iq4_nl>,
                                      encode_row_of<Iq4NlBlock, 32, encode_iq4_nl>,
                                      0.088,
                                      &kIq4NlAffine};
constinit const QuantFormat iq4_xs = {"iq4_xs",
                                      "",
                                      23,
                                      256,
                                      sizeof(Iq4XsBlock),
                                      decode_row_of<Iq4XsBlock, 256, decode_iq4_xs>,
                                      encode_row_of<Iq4XsBlock, 256, encode_iq4_xs>,
                                      0.088,
                                      &kIq4XsAffine};

}  // namespace estoc
