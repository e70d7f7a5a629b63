// How keys and values lie in device memory, bf16. Shared by the kernels and the host.
//
// A pool is [block of 16 positions][layer][keys, values][KV head] of tiles; a tile is 16 positions x D as cores of 8
// positions x 8 dimensions, 128 bytes each: [half of the positions][chunk of 8 dimensions][position 8][8 dimensions]. A
// lane's 16-byte load is one position's chunk; warpgroup products read the cores from shared memory as they are.
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

inline constexpr int kKvPositions = 16;

constexpr int kv_tile_elements(int head_dim) { return kKvPositions * head_dim; }

// Element (position 0..15, dimension) of a tile.
constexpr int kv_element(int head_dim, int position, int dimension) {
  return position / 8 * 8 * head_dim + dimension / 8 * 64 + position % 8 * 8 + dimension % 8;
}

// Where one layer's part of a pool is.
struct KvLayer {
  u16* pool;          // the layer's keys in block 0
  long block_stride;  // elements from a block to the next
  int kv_heads;
};

}  // namespace estoc::gpu
