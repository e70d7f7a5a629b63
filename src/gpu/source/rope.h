// What rope_kv_d64, _d128 and _d256 take (rope.cu.h): queries of many rows become bf16, keys and values enter the pool.
// Heads with fewer dimensions than D have zeros behind them.
#pragma once

#include "gpu/source/kv_tile.h"

namespace estoc::gpu {

struct RopeArguments {
  const float* qkv;         // [row][(heads + 2 KV heads) * D], qkv_stride floats apart, as the projection wrote it
  const float* query_norm;  // [D] or null
  const float* key_norm;    // [D] or null
  const float* rotations;   // [position][D / 2]{cosine, sine}
  const int* positions;     // [row]
  const int* sequences;     // [row]: which table
  const u32* tables;        // [sequence][table_stride] block ids
  u16* queries;             // bf16 [row][heads * D]
  KvLayer kv;
  int table_stride;
  int qkv_stride;
  int heads;
  int width;  // dimensions of the model's heads
  int count;
  float epsilon;
  float value_epsilon = 0;  // above 0: of an RMS norm of each head of values
};

}  // namespace estoc::gpu
