#include "quant/q8.h"

#include "quant/affine.h"
#include "quant/block.h"
#include "quant/extremes.h"
#include "quant/half.h"

namespace estoc {
namespace {

void decode_q8_0(const Q8_0Block& block, float* target) noexcept {
  const float d = f16_to_f32(block.d);
  for (int j = 0; j < 32; ++j) target[j] = d * static_cast<float>(block.qs[j]);
}

void encode_q8_0(const float* source, Q8_0Block& block) noexcept {
  const float d = std::fabs(signed_extreme(source, 32)) / 127;
  const float inverse = reciprocal(d);
  block.d = f32_to_f16(d);
  for (int j = 0; j < 32; ++j) block.qs[j] = static_cast<int8_t>(round_to_int(source[j] * inverse, -127, 127));
}

void unpack_q8_0(const Q8_0Block& block, uint8_t* codes, float* scales, float*) noexcept {
  for (int j = 0; j < 32; ++j) codes[j] = static_cast<uint8_t>(block.qs[j] + 128);
  scales[0] = f16_to_f32(block.d);
}

constexpr AffineView kQ8_0Affine = {.bits = 8,
                                    .group = 32,
                                    .zero = 128,
                                    .has_min = false,
                                    .scale_type = ScaleType::f16,
                                    .unpack = unpack_row_of<Q8_0Block, 32, 32, unpack_q8_0>};

}  // namespace

constinit const QuantFormat q8_0 = {"q8_0",
                                    "",
                                    8,
                                    32,
                                    sizeof(Q8_0Block),
                                    decode_row_of<Q8_0Block, 32, decode_q8_0>,
                                    encode_row_of<Q8_0Block, 32, encode_q8_0>,
                                    0.006,
                                    &kQ8_0Affine};

}  // namespace estoc
