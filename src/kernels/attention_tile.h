// What the attention kernels are given. Plain data, included by every ISA file.
//
// Attention goes over positions in chunks of kAttentionChunk, cut at multiples of it from position 0. The softmax of a
// chunk stands alone; the results of chunks are merged in ascending order. So, when is_invariant, the bits of a query's
// result depend on that query and its sequence only: not on which queries share its tile, nor on whether one call or
// several (through partials) went over its chunks.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quant/kv_type.h"

namespace estoc::kernels {

inline constexpr int kHeadDimMax = 576;
inline constexpr int kQueriesMax = 256;
inline constexpr int kAttentionChunk = 256;

// A chunk's result for one query: maximum score in units of log2, sum of weights, 14 unused floats, then the weighted
// sum of values [padded head_dim].
inline constexpr int kPartialHeader = 16;
constexpr int partial_floats(int head_dim) { return kPartialHeader + kv_padded_dim(head_dim); }

// Up to kQueriesMax queries that share one KV head, against that head's blocks.
struct AttentionTile {
  int query_count = 0;
  const float* queries[kQueriesMax];  // [head_dim] each
  float* outputs[kQueriesMax];        // as wide as values each; may alias the query of the same index
  int first[kQueriesMax];             // a query sees positions first .. visible-1: a sliding window moves first up
  int visible[kQueriesMax];           // more than first
  float sinks[kQueriesMax];           // logits that only add to the softmax's sum; read when has_sinks
  bool has_sinks = false;
  bool is_invariant = true;  // the bits must not depend on how many queries share the tile; else speed decides
  KvType type = KvType::f32;
  int head_dim = 0;                    // at most kHeadDimMax
  float scale = 1;                     // multiplies q.k
  float softcap = 0;                   // c: scores become c tanh(score / c); 0 for none
  const std::byte* keys = nullptr;     // this head's keys in block 0; layout in quant/kv_type.h
  const std::byte* values = nullptr;   // likewise; null: a position's value is the first value_dim numbers of its key
  int value_dim = 0;                   // of such values, which are read out of the keys' layout
  int64_t block_bytes = 0;             // from one block to the next
  const uint32_t* blocks = nullptr;    // block of positions 16 i .. 16 i + 15
  int chunk_begin = 0, chunk_end = 0;  // chunks to go over; whole range: 0 .. chunks of the largest visible
  // When not null, outputs are left alone and partials [chunk_end - chunk_begin][query_count][partial_floats] written.
  float* partials = nullptr;
};

// The second half of a divided tile: one query's output from its chunks' partials.
struct AttentionMerge {
  const float* partials = nullptr;  // of the first chunk
  int64_t chunk_stride = 0;         // floats to the same query in the next chunk
  int chunk_count = 0;
  int head_dim = 0;  // of values
  bool has_sink = false;
  float sink = 0;
  float* output = nullptr;
};

// Consecutive positions of one head in one block. Unwritten positions of a block are zero values: writing slot 0 clears
// the others, so that whatever an earlier owner left cannot reach a sum, not even as 0 * NaN. Without values of their
// own, keys are values, and that holds for them.
struct KvRun {
  KvType type = KvType::f32;
  int head_dim = 0;
  int slot = 0, count = 0;   // slot + count <= 16
  const float* k = nullptr;  // [count][head_dim]
  const float* v = nullptr;  // read where there are values
  int64_t row_stride = 0;    // floats from one position to the next, of k and v
  std::byte* keys = nullptr;
  std::byte* values = nullptr;  // null: values are keys
};

}  // namespace estoc::kernels
