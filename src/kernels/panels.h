// The packed layouts that the integer kernels read. Plain data, no behaviour: included by every ISA file.
//
// Weights: a matrix [rows, columns] is cut into panels of 16 rows; a panel is a row of groups of `group` columns, each
//   16 scales (16 or 32 bits) · 16 minima (the same type, when has_min) · codes
// so that one thread reads one linear stream. The value of code q is scale * (q - zero) + min, with values[q] for q
// where there is a table.
//   bits 8: codes [group/4][16 rows][4 columns] u8, the operand of one u8 x s8 dot instruction a 64-byte line.
//   bits 4: a 64-byte line holds 8 columns: [16 rows][4 bytes], low nibbles are columns 0..3, high nibbles 4..7.
// Rows are padded to 16 with zero scales; columns are a multiple of 32.
//
// Activations: rows of s8 codes, x = scale * code, with one scale every 64 columns and the sums of the codes that the
// zero point and the minima of the weights need. Wide activations have a second plane of codes below the first one:
// x = scale * (256 * code + low), 16 bits for twice the integer work.
// Tiles: the same rows rounded to bf16 for matrix units, 16 rows x 32 columns at a time.
// Code tiles: rows in integers for products of many rows, where sums must stay integers for longer than one block.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quant/affine.h"

namespace estoc::kernels {

inline constexpr int kPanelRows = 16;
inline constexpr int kActivationGroup = 32;  // columns with sums of their own
inline constexpr int kActivationBlock = 64;  // columns that share a scale; the last block of a row may be shorter

// Kept packed weights are of this layout. Add one whenever what is described above changes, or what packing writes
// (ops/pack_test.cc notices).
inline constexpr uint32_t kPanelLayoutVersion = 2;

// Sums of one group's codes (of 256 * code + low when wide), whole and by halves for weights in groups of 16: negative
// integers, which zero points are multiplied with, and the same positive in f32 for minima.
struct ActivationSums {
  int32_t minus_all;
  int32_t minus_half[2];
  float all;
  float half[2];
};

struct ActivationScale {
  float scale;
  float ratio;  // the previous block's scale over this one's: brings a running sum into this block's units
};

// How codes are kept: bytes, or nibbles that stand for themselves or for the values of a table.
enum class Codes { bytes, nibbles, indices };
// Columns that a line of 64 bytes holds.
constexpr int line_columns(Codes codes) { return codes == Codes::bytes ? 4 : 8; }

struct PanelMatrix {
  const std::byte* data = nullptr;  // 64-byte aligned
  int64_t rows = 0;                 // real rows; the last panel may be padded
  int64_t columns = 0;
  int bits = 4;    // 4 or 8
  int group = 32;  // 16 or 32
  int zero = 0;    // 0 or a power of two
  bool has_min = false;
  ScaleType scale_type = ScaleType::f16;
  const uint8_t* values = nullptr;  // [16], of codes of 4 bits in groups of 32; null: codes stand for themselves

  constexpr Codes codes() const {
    return bits == 8 ? Codes::bytes : values == nullptr ? Codes::nibbles : Codes::indices;
  }
  constexpr int64_t scale_bytes() const { return kPanelRows * estoc::scale_bytes(scale_type); }
  constexpr int64_t code_bytes() const { return int64_t{kPanelRows} * group * bits / 8; }
  constexpr int64_t group_bytes() const { return scale_bytes() * (has_min ? 2 : 1) + code_bytes(); }
  constexpr int64_t panel_bytes() const { return columns / group * group_bytes(); }
  constexpr int64_t panel_count() const { return (rows + kPanelRows - 1) / kPanelRows; }
};

// Where a product goes: out[r][n] at values[r * stride + n].
struct ProductRows {
  float* values = nullptr;
  int64_t stride = 0;
  bool is_added = false;  // to what is there

  constexpr ProductRows from(int64_t row, int64_t column) const {
    return {values + row * stride + column, stride, is_added};
  }
};

struct QuantizedRows {
  const int8_t* codes = nullptr;            // [rows][columns]
  const int8_t* low_codes = nullptr;        // [rows][columns]; null when activations are not wide
  const ActivationScale* scales = nullptr;  // [rows][block_count()]
  const ActivationSums* sums = nullptr;     // [rows][group_count()]
  int64_t columns = 0;                      // a multiple of 32

  constexpr int64_t group_count() const { return columns / kActivationGroup; }
  constexpr int64_t block_count() const { return (columns + kActivationBlock - 1) / kActivationBlock; }
};

// Rows in bf16, [ceil(rows / 16)][columns / 32][16][32]; rows that pad the last tile are zero.
struct RowTiles {
  const uint16_t* values = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;  // a multiple of 32

  static constexpr int64_t kRows = 16, kColumns = 32;
  static constexpr int64_t tile_count(int64_t rows) { return (rows + kRows - 1) / kRows; }
};

// Rows in s8 codes, [ceil(rows / 16)][ceil(columns / 64)][16][64]; what pads the last tiles is zero. A row has one
// scale in a stretch of 1,024 columns: x = scale * (128 * high + code). The scale fits most tiles of the stretch; the
// few that hold larger values are marked and have high codes as well, so 15 bits where a model has its outliers and 8
// elsewhere. The marks are chosen for the 16 rows of a tile together.
struct CodeTiles {
  const int8_t* codes = nullptr;
  const int8_t* high_codes = nullptr;  // of marked tiles; others are not written
  const float* scales = nullptr;       // [row tiles][stretch_count()][16]
  const uint16_t* marks = nullptr;     // [row tiles][stretch_count()]; bit t: tile t of the stretch has high codes
  const int32_t* sums = nullptr;       // [row tiles][stretch_count()][2][16]: of each row's codes, then high codes
  int64_t rows = 0;
  int64_t columns = 0;  // a multiple of 32

  static constexpr int64_t kRows = 16, kColumns = 64, kTileCodes = kRows * kColumns, kStretchTiles = 16;
  static constexpr int64_t tile_count(int64_t rows) { return (rows + kRows - 1) / kRows; }
  constexpr int64_t column_tiles() const { return (columns + kColumns - 1) / kColumns; }
  constexpr int64_t stretch_count() const { return (column_tiles() + kStretchTiles - 1) / kStretchTiles; }
};

// One row of tiles of CodeTiles, to be written.
struct CodeTileRow {
  int8_t* codes;       // [column_tiles()][16][64]
  int8_t* high_codes;  // likewise
  float* scales;       // [stretch_count()][16]
  uint16_t* marks;     // [stretch_count()]
  int32_t* sums;       // [stretch_count()][2][16]
};

}  // namespace estoc::kernels
