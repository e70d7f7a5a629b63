// The integer view of a weight format: codes with a scale and a minimum a group, so that
//   value = scale * (code - zero) + min
// holds exactly. Packing uses it to keep a file's own codes and scales instead of rounding them again.
// Formats that have no such view (plain floats) leave QuantFormat::affine null.
#pragma once

#include <cstddef>
#include <cstdint>

namespace estoc {

struct AffineView {
  int bits;   // 4 (codes 0..15) or 8 (codes 0..255)
  int group;  // columns that share scale and min: 16 or 32
  int zero;   // code that means 0 before min is added; 0 when has_min
  bool has_min;
  bool is_scale_f16;  // every scale and min is a half-precision value: 16 bits store it exactly
  // Takes `count` elements (whole blocks) apart: codes [count], scales [count / group], mins likewise (unless
  // !has_min).
  void (*unpack)(const std::byte* source, int64_t count, uint8_t* codes, float* scales, float* mins) noexcept;
};

}  // namespace estoc
