// How keys and values are stored: the element types and the layout of one head in one block. Plain data and arithmetic.
//
// A block holds 16 positions. D is head_dim rounded up to 16; what is added is zero.
//   f32, f16  keys [D][16 positions]           values [16 positions][D]
//   bf16      keys [D/2][16 positions][2]      values [16/2][D][2 positions]
//   int8      keys [D/4][16 positions][4]      values [16/4][D][4 positions], s8 codes, each followed by
//             16 f32 scales, one a position: x = scale * code
// Scores of 16 positions are then the lanes of one vector, and the inner pairs (or fours) are what one lane of a dot
// product instruction or one element row of an AMX tile takes: no kernel shuffles.
#pragma once

#include <cstddef>
#include <cstdint>

namespace estoc {

inline constexpr int kKvBlockTokens = 16;
// Attention reads from a multiple of this many positions on, so a window's blocks are kept from there.
inline constexpr int kKvReadGrain = 256;

enum class KvType { f32, f16, bf16, int8 };
inline constexpr int kKvTypeCount = 4;

constexpr const char* kv_type_name(KvType type) {
  constexpr const char* kNames[] = {"f32", "f16", "bf16", "int8"};
  return kNames[static_cast<int>(type)];
}

constexpr int kv_padded_dim(int head_dim) { return (head_dim + 15) / 16 * 16; }

// Bytes of the codes of one head's keys (or values) in a block; the int8 scales start there.
constexpr int kv_code_bytes(KvType type, int head_dim) {
  const int element = type == KvType::f32 ? 4 : type == KvType::int8 ? 1 : 2;
  return kKvBlockTokens * kv_padded_dim(head_dim) * element;
}

// Bytes of one head's keys (or values) in a block, scales included; a multiple of 64.
constexpr int kv_head_bytes(KvType type, int head_dim) {
  return kv_code_bytes(type, head_dim) + (type == KvType::int8 ? kKvBlockTokens * 4 : 0);
}

}  // namespace estoc
