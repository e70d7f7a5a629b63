// How a weight matrix lies in device memory. Shared by the kernels and the host; the one place that knows.
//
// A matrix is rows (outputs) x columns (inputs), columns a multiple of 64. 16 rows are a tile row; the last is filled
// up with zeros. A tile row is
//   | codes: one unit of 16 rows x 64 columns after the other | scales: as many units |
// A unit is cut for one warp, whose lane 4 g + t works on rows g and g + 8 (half h = 0, 1): 8 neighbouring columns are
// a chunk, and lane t has chunks t (group j = 0: columns 0..31) and t + 4 (group j = 1: columns 32..63).
//   bf16, f16   2048 bytes   [half][chunk 8][row g 8][8 columns]: the cores of 8 rows x 16 bytes that warpgroup
//                            products read from shared memory without a swizzle (128 bytes along K, 1024 along rows)
//   codes8...   1024 bytes   [half][lane][j][2 words]; pair p of a chunk is in word p / 2, bytes p % 2 and p % 2 + 2
//   codes4...    512 bytes   [lane][j][half][1 word];  pair p of a chunk is in nibbles p and p + 4
//   scales        64 bytes   [row g][j][half] f16; of f8 [row g][half] f32, for both groups
//   with a second 128 bytes  [row g]{[j][half] scale, [j][half] second} f16: a minimum, or the scale of the group's
//                            upper 16 columns
// A pair is columns 2p and 2p + 1 of its chunk: they leave a word by one shift and one mask as the halves of a
// register.
//   bf16, f16    the value
//   codes8       scale * code, signed          codes4       scale * (code - 8)
//   codes8_min   scale * code + minimum        codes4_min   scale * code + minimum
//   codes8_16    scale * code, a scale for each 16 columns
//   f8           scale * code, E4M3 (quant/f8.h)
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

enum class WeightForm : int { bf16, codes8, codes4, codes4_min, f16, codes8_min, codes8_16, f8 };
inline constexpr int kWeightForms = 8;

// Forms of few models' weights: they have fewer kernels, each of which is code in every binary.
constexpr bool is_rare(WeightForm form) {
  return form == WeightForm::f16 || form == WeightForm::codes8_min || form == WeightForm::codes8_16 ||
         form == WeightForm::f8;
}

constexpr bool is_plain(WeightForm form) { return form == WeightForm::bf16 || form == WeightForm::f16; }
constexpr bool is_codes4(WeightForm form) { return form == WeightForm::codes4 || form == WeightForm::codes4_min; }
constexpr bool is_codes8(WeightForm form) { return !is_plain(form) && !is_codes4(form); }
constexpr bool has_minimum(WeightForm form) { return form == WeightForm::codes4_min || form == WeightForm::codes8_min; }
// Whether something stands beside each scale.
constexpr bool has_second(WeightForm form) { return has_minimum(form) || form == WeightForm::codes8_16; }

inline constexpr int kTileRows = 16;
inline constexpr int kUnitColumns = 64;
inline constexpr int kGroupColumns = 32;

constexpr int unit_code_bytes(WeightForm form) { return is_plain(form) ? 2048 : is_codes8(form) ? 1024 : 512; }
constexpr int unit_scale_bytes(WeightForm form) { return is_plain(form) ? 0 : has_second(form) ? 128 : 64; }
constexpr int tile_rows_of(int rows) { return (rows + kTileRows - 1) / kTileRows; }
constexpr long tile_row_bytes(WeightForm form, int columns) {
  return static_cast<long>(columns / kUnitColumns) * (unit_code_bytes(form) + unit_scale_bytes(form));
}
constexpr long matrix_bytes(WeightForm form, int rows, int columns) {
  return tile_rows_of(rows) * tile_row_bytes(form, columns);
}

// Where chunk `chunk` (columns 8 chunk ..) of row `row` of a unit begins, from the beginning of the unit's codes.
constexpr int chunk_offset(WeightForm form, int row, int chunk) {
  const int half = row / 8, g = row % 8, t = chunk % 4, j = chunk / 4;
  if (is_plain(form)) return half * 1024 + chunk * 128 + g * 16;
  if (is_codes8(form)) return half * 512 + (g * 4 + t) * 16 + j * 8;
  return (g * 4 + t) * 16 + j * 8 + half * 4;
}

// Where the scale of group `j` of row `row` lies, from the beginning of the unit's scales; the second 8 bytes further.
constexpr int scale_offset(WeightForm form, int row, int j) {
  if (form == WeightForm::f8) return row % 8 * 8 + row / 8 * 4;
  return row % 8 * (has_second(form) ? 16 : 8) + j * 4 + row / 8 * 2;
}

// Bit at which the code of column `column` (0..7) of a chunk begins, counted through the chunk's little-endian words.
constexpr int code_bit(WeightForm form, int column) {
  const int pair = column / 2, high = column % 2;
  if (is_codes8(form)) return pair / 2 * 32 + (pair % 2 + high * 2) * 8;
  if (is_plain(form)) return column * 16;
  return (pair + high * 4) * 4;
}

}  // namespace estoc::gpu
