// How keys and values lie in device memory, in bf16 or in 8 bits. Shared by the kernels and the host.
//
// A pool is [block of 16 positions][layer][keys, values][KV head] of tiles. A tile is 16 positions x D as cores of 8
// positions x 16 bytes: [half of the positions][chunk of 16 bytes][position 8][16 bytes]. A lane's 16-byte load is one
// position's chunk.
//   bf16  a chunk is 8 dimensions; warpgroup products read the cores from shared memory as they are
//   int8  a chunk is 16 dimensions, a scale times a code of -127 .. 127 each. Every four neighbours lie in the order 0,
//         2, 1, 3: a word's even bytes are a pair, and so are its odd ones. Behind the codes there are 16 f32 scales,
//         those of a thread's fragment of scores together: [position % 8 / 2][half][position % 2]
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

inline constexpr int kKvPositions = 16;

enum class KvForm { bf16, int8 };

constexpr int kv_code_bytes(KvForm form, int head_dim) {
  return kKvPositions * head_dim * (form == KvForm::bf16 ? 2 : 1);
}
constexpr int kv_tile_bytes(KvForm form, int head_dim) {
  return kv_code_bytes(form, head_dim) + (form == KvForm::int8 ? kKvPositions * 4 : 0);
}

// Dimensions of a chunk, and where in it a dimension begins.
constexpr int kv_chunk(KvForm form) { return form == KvForm::bf16 ? 8 : 16; }
constexpr int kv_chunk_byte(KvForm form, int dimension) {
  return form == KvForm::bf16 ? dimension % 8 * 2 : dimension % 16 / 4 * 4 + dimension % 2 * 2 + dimension % 4 / 2;
}

// Byte of a tile where (position 0..15, dimension) begins, and that position's scale.
constexpr int kv_byte(KvForm form, int head_dim, int position, int dimension) {
  return position / 8 * (kv_code_bytes(form, head_dim) / 2) + dimension / kv_chunk(form) * 128 + position % 8 * 16 +
         kv_chunk_byte(form, dimension);
}
constexpr int kv_scale_byte(int head_dim, int position) {
  return kv_code_bytes(KvForm::int8, head_dim) + (position % 8 / 2 * 4 + position / 8 * 2 + position % 2) * 4;
}

// Where one layer's part of a pool is.
struct KvLayer {
  u8* pool;           // the layer's keys in block 0
  long block_stride;  // bytes from a block to the next
  int kv_heads;
  KvForm form;
};

}  // namespace estoc::gpu
