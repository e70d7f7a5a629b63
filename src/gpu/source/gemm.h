// What the products of prompts take: y[token][row] = sum over columns of x[token][column] * w[row][column].
//
// Kernels are named gemm_<form>_<end>_n<tokens>: any form of weight_tile.h; a block computes 128 rows of the matrix for
// that many tokens, of which gemm_has_kernel says what there is. Grid: any number of blocks up to one a multiprocessor,
// gemm_shared_bytes of dynamic shared memory. On Hopper blocks may run in clusters of 2 or 4, whose blocks take
// neighbouring rows for the same tokens and load these once for all. The same names stand for warpgroup products
// (gemm.cu.h) in the image of Hopper and for products of warps (gemm_mma.cu.h) in all others; the emulator has those as
// gemm_mma_...
//   store      output = W x + bias, f32 [token][rows], a token `output_stride` floats behind the one before
//   residual   output += W x, the same
//   gated      activated = bf16(curve(gate) * up) in token tiles; the matrix has 8 rows of gate and 8 of up in turn, so
//              a tile row is 8 outputs
// Codes meet their scale before the product and are rounded to bf16; f16 weights are not rounded.
// gemm_experts_<form>_store and _gated, of 64 tokens, multiply each tile of tokens with the matrix of its expert
// (moe_sort.h) and have a bias for each expert at both ends; how many tiles there are is only known on the device.
// With `splits` above 1 a tile's columns are divided among that many blocks, for few tokens; the parts are added in
// order, so bits depend on the launch's shape only. Clusters have one.
#pragma once

#include "gpu/source/gate.h"
#include "gpu/source/token_tile.h"
#include "gpu/source/weight_tile.h"

namespace estoc::gpu {

inline constexpr int kGemmThreads = 384;
inline constexpr int kGemmRows = 128;
inline constexpr int kGemmExpertTokens = 64;  // of a block of gemm_experts_...

struct GemmArguments {
  const u8* weights;  // matrix in device form (weight_tile.h)
  const u8* inputs;   // token tiles in gemm_order, filled up to whole multiples of the kernel's tokens
  const float* bias;  // store: [rows] or null
  float* output;
  int output_stride;
  u8* activated;      // gated: token tiles of rows / 2 columns
  ColumnOrder order;  // of `activated`
  GateCurve gate = kSilu;
  int rows, columns, count;
  int splits;
  float* partial;  // splits > 1: gemm_partial_floats
  u32* arrivals;   // splits > 1: gemm_arrivals words, zero before and after
  // Of experts, whose matrices lie expert_bytes apart and biases `rows`; `count` and `splits` are not read.
  const int* tile_experts = nullptr;
  const int* tile_count = nullptr;
  long expert_bytes = 0;
};

// Order of the inputs that a matrix's form takes: products from shared memory read bf16 as it lies.
constexpr ColumnOrder gemm_order(WeightForm form) {
  return form == WeightForm::bf16 ? ColumnOrder::plain : ColumnOrder::paired;
}

// Rare forms have one width, other devices than Hopper as well.
constexpr bool gemm_has_kernel(WeightForm form, int tokens, int capability) {
  if (!has_wgmma(capability)) return tokens == 64;
  return is_rare(form) ? tokens == 128 : tokens == 64 || tokens == 128 || tokens == 256;
}

// The width that suits so many tokens, of those that there are.
constexpr int gemm_tokens(WeightForm form, int count, int capability) {
  const int suits = count <= 64 ? 64 : count <= 128 ? 128 : 256;
  return gemm_has_kernel(form, suits, capability) ? suits : has_wgmma(capability) ? 128 : 64;
}

constexpr int gemm_row_tiles(int rows) { return (rows + kGemmRows - 1) / kGemmRows; }
constexpr int gemm_token_tiles(int count, int tokens) { return (count + tokens - 1) / tokens; }
// Items of a launch: tiles of the output, each as often as there are splits. Clusters take one for each of their
// blocks.
constexpr int gemm_items(int rows, int count, int tokens, int splits, int cluster) {
  return (gemm_row_tiles(rows) + cluster - 1) / cluster * gemm_token_tiles(count, tokens) * splits;
}
constexpr int gemm_blocks(int items, int cluster, int multiprocessors) {
  const int most = multiprocessors / cluster;
  return (items < most ? items : most) * cluster;
}
// How a product is launched: tokens a block, among how many blocks a tile's columns are divided, and how many share
// tokens. Fewer tokens where there are few, and parts while multiprocessors would be left without, but none so short
// that it spends its time on the ends. Clusters wait for a measurement (docs/GPU.md).
struct GemmPlan {
  int tokens = 128, splits = 1, cluster = 1;
};
constexpr GemmPlan gemm_plan(WeightForm form, int rows, int columns, int count, int capability, int multiprocessors) {
  constexpr int kUnitsMin = 4, kSplitsMax = 8;
  const int tokens = gemm_tokens(form, count, capability);
  const int by_card = multiprocessors / (gemm_row_tiles(rows) * gemm_token_tiles(count, tokens));
  const int by_columns = columns / kUnitColumns / kUnitsMin;
  const int splits = by_card < by_columns ? by_card : by_columns;
  return {tokens, splits < 1 ? 1 : splits > kSplitsMax ? kSplitsMax : splits, 1};
}

constexpr long gemm_partial_floats(int rows, int count, int tokens, int splits) {
  return static_cast<long>(gemm_row_tiles(rows)) * gemm_token_tiles(count, tokens) * splits * kGemmRows * tokens;
}
constexpr int gemm_arrivals(int rows, int count, int tokens) {
  return gemm_row_tiles(rows) * gemm_token_tiles(count, tokens) * 2;
}

// One stage of the ring: 64 columns of 128 rows and of the tokens.
constexpr int gemm_stage_bytes(WeightForm form, int tokens) {
  return kGemmRows / kTileRows * (unit_code_bytes(form) + unit_scale_bytes(form)) +
         tokens / kTokenTile * kTokenTileBytes;
}
constexpr int gemm_stages(WeightForm form, int tokens) {
  const int fit = (220 << 10) / gemm_stage_bytes(form, tokens);
  return fit < 8 ? fit : 8;
}
constexpr int gemm_shared_bytes(WeightForm form, int tokens, int capability) {
  return has_wgmma(capability) ? gemm_stages(form, tokens) * gemm_stage_bytes(form, tokens) : 0;
}

}  // namespace estoc::gpu
