// How activations of many tokens lie in device memory: what the products of prompts (gemm.h) read and their neighbours
// write. The one place that knows.
//
// tokens x columns of bf16 are cut into tiles of 64 x 64 (8 KiB), the tiles of one row of tiles side by side; columns
// are a multiple of 64, tokens are filled up to whole tiles with whatever is finite. A tile is 8 x 8 cores of 8 tokens
// x 16 bytes, [token / 8][core][token % 8][8 values], which warpgroup products read without a swizzle.
//
// Which columns a core holds is the order of the weights that it meets: `plain` for bf16 weights, core c is columns
// 8 c .. 8 c + 7; `paired` for codes, whose fragments hand a lane pairs of columns (weight_tile.h): pair p of chunk c
// is word c % 4 of core c / 4 * 4 + p.
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

inline constexpr int kTokenTile = 64;
inline constexpr int kTokenTileBytes = kTokenTile * kTokenTile * 2;

// Whether devices of a compute capability (90 means 9.0) have the warpgroup products, and with them the kernels for
// them.
constexpr bool has_wgmma(int capability) { return capability == 90; }

enum class ColumnOrder : int { plain, paired };

// Where the pair of columns 2 `pair`, 2 `pair` + 1 of row `token` lies in a matrix that is `column_tiles` tiles wide.
constexpr long token_pair_offset(ColumnOrder order, int token, int pair, int column_tiles) {
  const int in_tile = pair % 32, chunk = in_tile / 4, p = in_tile % 4;
  const int core = order == ColumnOrder::plain ? chunk : chunk / 4 * 4 + p,
            word = order == ColumnOrder::plain ? p : chunk % 4;
  return (static_cast<long>(token / kTokenTile) * column_tiles + pair / 32) * kTokenTileBytes +
         token % kTokenTile / 8 * 1024 + core * 128 + token % 8 * 16 + word * 4;
}

// Where a kernel leaves bf16 activations: rows, or token tiles of them.
struct TokenRows {
  u16* to;
  int columns;  // of a row
  int tiles;    // of a row of token tiles; 0 for rows
  ColumnOrder order;
};
constexpr long token_pair_offset(const TokenRows& rows, int row, int pair) {
  return rows.tiles == 0 ? static_cast<long>(row) * rows.columns * 2 + pair * 4L
                         : token_pair_offset(rows.order, row, pair, rows.tiles);
}

constexpr long token_matrix_bytes(int tokens, int columns) {
  return static_cast<long>((tokens + kTokenTile - 1) / kTokenTile) * (columns / kTokenTile) * kTokenTileBytes;
}

}  // namespace estoc::gpu
