#include "quant/mxfp4.h"

#include <algorithm>

#include "quant/affine.h"
#include "quant/block.h"
#include "quant/extremes.h"

namespace estoc {
namespace {

void decode_mxfp4(const Mxfp4Block& block, float* target) noexcept {
  const float scale = mxfp4_scale(block.e);
  for (int j = 0; j < 16; ++j) {
    target[j] = static_cast<float>(kMxfp4Values[block.qs[j] & 15]) * scale;
    target[j + 16] = static_cast<float>(kMxfp4Values[block.qs[j] >> 4]) * scale;
  }
}

// The code whose doubled value is nearest to `value`; halfway goes to the even code, as IEEE rounding does.
int nearest_code(float value) {
  const float magnitude = std::fabs(value);
  int code = 0;
  while (code < 7) {
    const float middle = static_cast<float>(kMxfp4Values[code] + kMxfp4Values[code + 1]) / 2;
    if (magnitude < middle || (magnitude == middle && code % 2 == 0)) break;
    ++code;
  }
  return value < 0 && code > 0 ? code | 8 : code;
}

// The power that puts the extreme value between 4 and 8 of E2M1, whose own maximum is 6.
void encode_mxfp4(const float* source, Mxfp4Block& block) noexcept {
  const float extreme = std::fabs(signed_extreme(source, 32));
  int exponent = 0;
  std::frexp(std::min(extreme, 3e38f), &exponent);  // extreme is in [0.5, 1) * 2^exponent
  block.e = extreme == 0 ? 0 : static_cast<uint8_t>(std::clamp(exponent - 3 + 127, 0, 254));
  const double scale = mxfp4_scale(block.e);
  for (int j = 0; j < 16; ++j) {
    const int low = nearest_code(static_cast<float>(source[j] / scale));
    const int high = nearest_code(static_cast<float>(source[j + 16] / scale));
    block.qs[j] = static_cast<uint8_t>(low | high << 4);
  }
}

void unpack_mxfp4(const Mxfp4Block& block, uint8_t* codes, float* scales, float*) noexcept {
  for (int j = 0; j < 16; ++j) {
    codes[j] = block.qs[j] & 15;
    codes[j + 16] = block.qs[j] >> 4;
  }
  scales[0] = mxfp4_scale(block.e);
}

// kMxfp4Values with a zero of their own.
constexpr int kZero = 16;
constexpr auto kPanelValues = values_around<kZero>(kMxfp4Values);

constexpr AffineView kMxfp4Affine = {.bits = 4,
                                     .group = 32,
                                     .zero = kZero,
                                     .has_min = false,
                                     .scale_type = ScaleType::bf16,  // holds every power of two
                                     .values = kPanelValues.data(),
                                     .unpack = unpack_row_of<Mxfp4Block, 32, 32, unpack_mxfp4>};

}  // namespace

constinit const QuantFormat mxfp4 = {"mxfp4",
                                     "",
                                     39,
                                     32,
                                     sizeof(Mxfp4Block),
                                     decode_row_of<Mxfp4Block, 32, decode_mxfp4>,
                                     encode_row_of<Mxfp4Block, 32, encode_mxfp4>,
                                     0.127,
                                     &kMxfp4Affine};

}  // namespace estoc
