// The integer view of a weight format: codes with a scale and a minimum a group, so that
//   value = scale * (code - zero) + min
// holds exactly, or with values[code] for the code where the format has a table. Packing uses it to keep a file's own
// codes and scales instead of rounding them again. Formats that have no such view (plain floats) leave
// QuantFormat::affine null.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace estoc {

// What scales and minima are stored in without loss.
enum class ScaleType { f16, bf16, f32 };
constexpr int64_t scale_bytes(ScaleType type) { return type == ScaleType::f32 ? 4 : 2; }

struct AffineView {
  int bits;   // 4 (codes 0..15) or 8 (codes 0..255)
  int group;  // columns that share scale and min: 16 or 32
  int zero;   // code that means 0 before min is added; 0 when has_min
  bool has_min;
  ScaleType scale_type;
  const uint8_t* values = nullptr;  // [16], what codes of 4 bits stand for; null: themselves
  // Takes `count` elements (whole blocks) apart: codes [count], scales [count / group], mins likewise (unless
  // !has_min).
  void (*unpack)(const std::byte* source, int64_t count, uint8_t* codes, float* scales, float* mins) noexcept;
};

// A table of signed values as unsigned ones around `zero`, as AffineView::values has them.
template <int kZero>
constexpr std::array<uint8_t, 16> values_around(const int8_t (&values)[16]) {
  std::array<uint8_t, 16> result{};
  for (size_t i = 0; i < result.size(); ++i) result[i] = static_cast<uint8_t>(values[i] + kZero);
  return result;
}

}  // namespace estoc
