// What rope_kv_d64 and rope_kv_d128 take (rope.cu.h): queries of many rows become bf16, keys and values enter the pool.
#pragma once

#include "gpu/source/kv_tile.h"

namespace estoc::gpu {

struct RopeArguments {
  const float* qkv;         // [row][(heads + 2 KV heads) * D], as the projection wrote it
  const float* query_norm;  // [D] or null
  const float* key_norm;    // [D] or null
  const float* rotations;   // [position][D / 2]{cosine, sine}
  const int* positions;     // [row]
  const int* sequences;     // [row]: which table
  const u32* tables;        // [sequence][table_stride] block ids
  u16* queries;             // bf16 [row][heads * D]
  KvLayer kv;
  int table_stride;
  int heads;
  int count;
  float epsilon;
};

}  // namespace estoc::gpu
