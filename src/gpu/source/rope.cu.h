// A head of a query or key on its way from the projection: norm of the head (where the model has one), rotation, bf16.
//
// Dimension i is rotated with i + D / 2. One warp does one head; lane l has pairs l, l + 32 ...
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/kv_codes.cu.h"
#include "gpu/source/rope.h"

namespace estoc::gpu {

template <int D>
struct RotatedHead {
  float low[D / 64], high[D / 64];  // dimensions lane + 32 k, and D / 2 further
};

// `norm` [D] may be null, and is over `width` dimensions. `rotation` is the position's row of cosines and sines.
template <int D>
DEVICE RotatedHead<D> rotate_head(const float* from, const float* norm, float epsilon, int width, const float* rotation,
                                  int lane) {
  RotatedHead<D> x;
  float squares = 0;
  UNROLL
  for (int k = 0; k < D / 64; ++k) {
    x.low[k] = from[lane + 32 * k];
    x.high[k] = from[lane + 32 * k + D / 2];
    squares += x.low[k] * x.low[k] + x.high[k] * x.high[k];
  }
  if (norm != nullptr) {
    for (int mask = 16; mask > 0; mask >>= 1) squares += shuffle_xor(squares, mask);
    const float factor = rsqrt_fast(squares / static_cast<float>(width) + epsilon);
    UNROLL
    for (int k = 0; k < D / 64; ++k) {
      x.low[k] *= factor * norm[lane + 32 * k];
      x.high[k] *= factor * norm[lane + 32 * k + D / 2];
    }
  }
  UNROLL
  for (int k = 0; k < D / 64; ++k) {
    const float cosine = rotation[(lane + 32 * k) * 2], sine = rotation[(lane + 32 * k) * 2 + 1];
    const float low = x.low[k], high = x.high[k];
    x.low[k] = low * cosine - high * sine;
    x.high[k] = high * cosine + low * sine;
  }
  return x;
}

DEVICE u16 to_bf16(float x) { return static_cast<u16>(pack_bf16x2(x, 0)); }

template <int D>
DEVICE void store_row(u16* to, const RotatedHead<D>& x, int lane) {
  UNROLL
  for (int k = 0; k < D / 64; ++k) {
    to[lane + 32 * k] = to_bf16(x.low[k]);
    to[lane + 32 * k + D / 2] = to_bf16(x.high[k]);
  }
}

// Writes a rotated key, and the value beside it, to position `position` (0..15) of a head's tiles.
template <int D>
DEVICE void store_key_value(u8* keys, u8* values, const RotatedHead<D>& key, const RotatedHead<D>& value, int position,
                            int lane) {
  UNROLL
  for (int k = 0; k < D / 64; ++k) {
    const int low = lane + 32 * k, high = low + D / 2;
    const int at_low = kv_byte(KvForm::bf16, D, position, low), at_high = kv_byte(KvForm::bf16, D, position, high);
    *reinterpret_cast<u16*>(keys + at_low) = to_bf16(key.low[k]);
    *reinterpret_cast<u16*>(keys + at_high) = to_bf16(key.high[k]);
    *reinterpret_cast<u16*>(values + at_low) = to_bf16(value.low[k]);
    *reinterpret_cast<u16*>(values + at_high) = to_bf16(value.high[k]);
  }
}

// The same in 8 bits. What is written stays in `codes`, 2 D bytes of shared memory, and `scales`, its two.
template <int D>
DEVICE void store_key_value_codes(u8* keys, u8* values, u8* codes, float* scales, const RotatedHead<D>& key,
                                  const RotatedHead<D>& value, int position, int lane) {
  const float of_key = quantize_head<D>(codes, key.low, key.high, lane);
  const float of_value = quantize_head<D>(codes + D, value.low, value.high, lane);
  if (lane < 2) scales[lane] = lane == 0 ? of_key : of_value;
  sync_warp();
  store_codes<D>(keys, values, codes, scales, position, lane);
}

template <int D>
DEVICE RotatedHead<D> load_head(const float* from, int lane) {
  RotatedHead<D> x;
  UNROLL
  for (int k = 0; k < D / 64; ++k) {
    x.low[k] = from[lane + 32 * k];
    x.high[k] = from[lane + 32 * k + D / 2];
  }
  return x;
}

// An RMS norm without weights over `width` dimensions.
template <int D>
DEVICE void norm_head(RotatedHead<D>& x, float epsilon, int width) {
  float squares = 0;
  UNROLL
  for (int k = 0; k < D / 64; ++k) squares += x.low[k] * x.low[k] + x.high[k] * x.high[k];
  for (int mask = 16; mask > 0; mask >>= 1) squares += shuffle_xor(squares, mask);
  const float factor = rsqrt_fast(squares / static_cast<float>(width) + epsilon);
  UNROLL
  for (int k = 0; k < D / 64; ++k) {
    x.low[k] *= factor;
    x.high[k] *= factor;
  }
}

// For prompts: a warp a head of a row; grid (heads + KV heads, rows / 4), 4 warps a block, a row each.
template <int D>
DEVICE void rope_row(const RopeArguments& a) {
  grid_release();
  grid_wait();
  const int lane = thread_index() % kWarp, row = block_index_y() * 4 + thread_index() / kWarp, head = block_index();
  if (row >= a.count) return;
  const int position = a.positions[row], kv_heads = a.kv.kv_heads;
  const float* from = a.qkv + static_cast<long>(row) * a.qkv_stride;
  const float* rotation = a.rotations + static_cast<long>(position) * D;
  if (head < a.heads) {
    const auto x = rotate_head<D>(from + head * D, a.query_norm, a.epsilon, a.width, rotation, lane);
    store_row<D>(a.queries + (static_cast<long>(row) * a.heads + head) * D, x, lane);
    return;
  }
  const u32 block = a.tables[static_cast<long>(a.sequences[row]) * a.table_stride + position / kKvPositions];
  const int kv_head = head - a.heads;
  const auto x = rotate_head<D>(from + head * D, a.key_norm, a.epsilon, a.width, rotation, lane);
  const int tile = kv_tile_bytes(a.kv.form, D), in_block = position % kKvPositions;
  u8* keys = a.kv.pool + block * a.kv.block_stride + static_cast<long>(kv_head) * tile;
  u8* values = keys + static_cast<long>(kv_heads) * tile;
  RotatedHead<D> value = load_head<D>(from + (head + kv_heads) * D, lane);
  if (a.value_epsilon > 0) norm_head<D>(value, a.value_epsilon, a.width);
  if (a.kv.form == KvForm::bf16) {
    store_key_value<D>(keys, values, x, value, in_block, lane);
    return;
  }
  SHARED(codes, Words4[4][2 * D / 16]);
  SHARED(scales, float[4][2]);
  const int warp = thread_index() / kWarp;
  store_key_value_codes<D>(keys, values, reinterpret_cast<u8*>(codes[warp]), scales[warp], x, value, in_block, lane);
}

KERNEL(128, 1, rope_kv_d64, (RopeArguments a)) { rope_row<64>(a); }
KERNEL(128, 1, rope_kv_d128, (RopeArguments a)) { rope_row<128>(a); }
KERNEL(128, 1, rope_kv_d256, (RopeArguments a)) { rope_row<256>(a); }

}  // namespace estoc::gpu
