// The table of kernels: single-threaded loops on raw pointers, one implementation an ISA level.
//
// What: every function has a plain version in scalar.cc, which is its specification, its test and its fallback; faster
// levels override what they do better. ops/ fetches the table once and never looks at the CPU inside a loop.
// Threads: all functions are pure but for the memory they are given; call from any thread. Nothing throws.
// Shapes are row-major, outermost first; strides count elements unless the name says bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/activation.h"
#include "kernels/attention_tile.h"
#include "kernels/causal_conv.h"
#include "kernels/delta_rule.h"
#include "kernels/f8_rows.h"
#include "kernels/panels.h"
#include "kernels/selective_scan.h"
#include "kernels/short_conv.h"
#include "kernels/ssd.h"

namespace estoc::kernels {

// avx512 includes VNNI; amx includes its int8 and bf16 tiles. A CPU may have a level without the ones before it
// (Zen 4 has no avx_vnni): its table takes cells only from levels it runs.
enum class Isa { scalar, avx2, avx_vnni, avx512, avx512_bf16, amx };
inline constexpr int kIsaCount = 6;

enum class Dense { f32, f16, bf16 };  // element types stored weights may have as they are

struct Kernels {
  const char* name;
  Isa isa;
  bool has_bf16_dot;  // bf16 is multiplied as it is: attention and matrices of bf16 are faster for it

  // codes, low_codes (unless null), scales and sums of x [columns] as panels.h describes them.
  void (*quantize_row)(const float* x, int64_t columns, int8_t* codes, int8_t* low_codes, ActivationScale* scales,
                       ActivationSums* sums) noexcept;

  // out[r][n] = (or +=, see ProductRows) sum over k of x[r][k] * w[n][k] for rows [row_begin, row_end) and panels
  // [panel_begin, panel_end). A row's result does not depend on the other rows of the call.
  void (*panel_gemm)(const PanelMatrix& w, int64_t panel_begin, int64_t panel_end, const QuantizedRows& x,
                     int64_t row_begin, int64_t row_end, const ProductRows& out) noexcept;

  // Rows from which tile_gemm is faster than panel_gemm; 0 where the CPU has no matrix unit.
  int tile_rows_min;
  // Up to 16 rows [row_count][columns] (row_stride floats apart) as the tiles of RowTiles; `tiles` is their row of
  // tiles.
  void (*make_row_tiles)(const float* x, int64_t row_count, int64_t row_stride, int64_t columns,
                         uint16_t* tiles) noexcept;
  // As panel_gemm with weights and activations rounded to bf16 and sums in f32, for all rows of x.
  void (*tile_gemm)(const PanelMatrix& w, int64_t panel_begin, int64_t panel_end, const RowTiles& x,
                    const ProductRows& out) noexcept;

  // Rows from which code_tile_gemm is faster than panel_gemm; 0 where it is not.
  int code_rows_min;
  // Up to 16 rows [row_count][columns] (row_stride floats apart) as one row of code tiles.
  void (*make_code_tiles)(const float* x, int64_t row_count, int64_t row_stride, int64_t columns,
                          const CodeTileRow& target) noexcept;
  // As panel_gemm for panels of 4 bits in groups of 32, whose rows are rounded to 8 bits with one scale a stretch on
  // the way (kernels/code_tiles.inl.h), for all rows of x.
  void (*code_tile_gemm)(const PanelMatrix& w, int64_t panel_begin, int64_t panel_end, const CodeTiles& x,
                         const ProductRows& out) noexcept;

  // out[r][n] = (or +=) dot(x[r], w[n]) for n < w_rows, r < x_rows. w rows are w_stride_bytes apart and need no
  // alignment.
  void (*dense_gemm)(Dense type, const void* w, int64_t w_rows, int64_t w_stride_bytes, int64_t columns, const float* x,
                     int64_t x_rows, int64_t x_stride, const ProductRows& out) noexcept;

  // Rows from which dense_tile_gemm is faster than dense_gemm, for bf16 and for the types that are two planes; 0 where
  // it is not.
  int dense_tile_rows_min, split_tile_rows_min;
  // As dense_gemm with activations rounded to bf16, for all rows of x, whose columns are those of w. bf16 weights are
  // what they are, others the sum of two bf16 numbers: all bits of f16, 16 of f32.
  void (*dense_tile_gemm)(Dense type, const void* w, int64_t w_rows, int64_t w_stride_bytes, const RowTiles& x,
                          const ProductRows& out) noexcept;

  // `count` numbers of `type` as f32.
  void (*widen)(Dense type, const void* x, int64_t count, float* out) noexcept;

  // As dense_gemm for weights of 8-bit floats. A row's result does not depend on the other rows of the call.
  void (*f8_gemm)(const F8Rows& w, const float* x, int64_t x_rows, int64_t x_stride, const ProductRows& out) noexcept;

  // Rows from which f8_tile_gemm is faster than f8_gemm; 0 where it is not.
  int f8_tile_rows_min;
  // As f8_gemm with activations rounded to bf16, for all rows of x, whose columns are those of w.
  void (*f8_tile_gemm)(const F8Rows& w, const RowTiles& x, const ProductRows& out) noexcept;

  // All rows as f32, [rows][columns].
  void (*widen_f8)(const F8Rows& w, float* out) noexcept;

  // out[i] = x[i] / sqrt(mean(x^2) + eps) * weight[i]. out may alias x.
  void (*rms_norm)(const float* x, const float* weight, float eps, int64_t count, float* out) noexcept;

  // out[i] = (x[i] - mean(x)) / sqrt(variance(x) + eps) * weight[i] + bias[i]; bias may be null. out may alias x.
  void (*layer_norm)(const float* x, const float* weight, const float* bias, float eps, int64_t count,
                     float* out) noexcept;

  // Turns pairs (x[i], x[i + half]) of one head by the angle whose cos and sin are given: [half] each.
  void (*rope)(float* head, const float* cos, const float* sin, int64_t half) noexcept;

  // out[i] = activation(x[i]) * up[i], or without `up` when it is null. out may alias either.
  void (*activate)(Activation activation, const float* x, const float* up, int64_t count, float* out) noexcept;

  // out[i] = g sigmoid(slope g) (u + 1), where g = min(gate[i], limit) and u = up[i] from -limit to limit (gpt-oss).
  void (*clamped_swiglu)(float slope, float limit, const float* gate, const float* up, int64_t count,
                         float* out) noexcept;

  // x[i] = cap * tanh(x[i] / cap).
  void (*soft_cap)(float cap, int64_t count, float* x) noexcept;

  // target[i] += x[i].
  void (*add)(const float* x, int64_t count, float* target) noexcept;
  // target[i] += scale * x[i].
  void (*add_scaled)(float scale, const float* x, int64_t count, float* target) noexcept;

  // See short_conv.h. out may be gate. Columns are independent.
  void (*short_conv)(const ShortConv& conv) noexcept;

  // See causal_conv.h. Columns are independent.
  void (*causal_conv)(const CausalConv& conv) noexcept;

  // See delta_rule.h.
  void (*delta_rule)(const DeltaRule& rule) noexcept;

  // See ssd.h. ssd_rows goes row by row, so that a row has the same bits however rows are divided; ssd_chunk takes up
  // to kSsdChunk of them at once.
  void (*ssd_rows)(const SsdHeads& ssd) noexcept;
  void (*ssd_chunk)(const SsdHeads& ssd) noexcept;
  void (*ssd_steps)(const SsdSteps& ssd) noexcept;

  // See selective_scan.h.
  void (*selective_scan)(const SelectiveScan& scan) noexcept;

  // outputs = softmax(scale * q.k) v over the visible positions of each query (online softmax; Milakov & Gimelshein
  // 2018). Types other than f32 and f16 may round queries and weights to the type of the keys and values.
  void (*attention)(const AttentionTile& tile) noexcept;

  // Merges what `attention` of the same table left as partials.
  void (*attention_merge)(const AttentionMerge& merge) noexcept;

  // Stores keys and values in the layout of quant/kv_type.h: bf16 and f16 to nearest even, int8 with scale
  // largest / 127. The same bits at every level.
  void (*write_kv)(const KvRun& run) noexcept;

  // f32 to f16 with rounding to nearest even.
  void (*to_f16)(const float* x, int64_t count, uint16_t* out) noexcept;
};

extern const Kernels scalar, avx2, avx_vnni, avx512, avx512_bf16, amx;

// The best level this CPU runs.
Isa best_isa();
bool is_supported(Isa isa);
const char* isa_name(Isa isa);
// One of isa_names(); false when unknown.
bool parse_isa(const char* name, Isa* isa);
// "scalar, avx2, ..." in ascending order, for messages.
const char* isa_names();

// The table in use: the best level, or what force_isa chose. A null cell of a level is filled from the level below.
const Kernels& table();
// The table of one level with its null cells filled; the CPU must support it.
const Kernels& table_of(Isa isa);
// Chooses the level for the whole process; call before any model is loaded. False when the CPU lacks it.
bool force_isa(Isa isa);

}  // namespace estoc::kernels
