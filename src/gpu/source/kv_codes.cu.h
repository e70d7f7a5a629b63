// Keys and values of 8 bits (kv_tile.h): a head's numbers become codes and a scale, codes become pairs of bf16.
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/kv_tile.h"
#include "gpu/source/linear_unit.cu.h"

namespace estoc::gpu {

// Pair `pair` of a chunk as two bf16, exactly; without their scale, if codes.
template <KvForm kForm>
DEVICE u32 kv_pair(const Words4& chunk, int pair) {
  if constexpr (kForm == KvForm::bf16) return chunk.v[pair];
  return pair_of<WeightForm::codes8>(chunk.v[pair / 2], pair);
}

// A scale as two bf16, each twice in its word: products with both, added, are rounded to bf16 once.
struct SplitScale {
  u32 nearest, rest;
};
DEVICE SplitScale split_scale(float scale) {
  const u32 nearest = pack_bf16x2(scale, scale);
  const float rest = scale - bits_to_f32(nearest << 16);
  return {nearest, pack_bf16x2(rest, rest)};
}
// Pair `pair` of a word of four codes times their scale.
DEVICE u32 scaled_pair(u32 codes, int pair, const SplitScale& scale) {
  const u32 exact = pair_of<WeightForm::codes8>(codes, pair);
  return fma_bf16x2(exact, scale.nearest, fma_bf16x2(exact, scale.rest, 0));
}

// Codes of a head that a warp has in its lanes (lane + 32 k of `low`, D / 2 further of `high`), to `codes` in shared
// memory, chunk after chunk; returns the scale.
template <int D>
DEVICE float quantize_head(u8* codes, const float (&low)[D / 64], const float (&high)[D / 64], int lane) {
  float largest = 0;
  UNROLL
  for (int k = 0; k < D / 64; ++k) {
    const float a = low[k] < 0 ? -low[k] : low[k], b = high[k] < 0 ? -high[k] : high[k];
    largest = a > largest ? a : largest;
    largest = b > largest ? b : largest;
  }
  UNROLL
  for (int mask = 16; mask > 0; mask >>= 1) {
    const float other = shuffle_xor(largest, mask);
    largest = other > largest ? other : largest;
  }
  const float inverse = largest > 0 ? 127.0f / largest : 0;
  constexpr float kWhole = 12582912;  // 1.5 * 2^23: whoever is added to it is rounded, and is the lowest bits
  UNROLL
  for (int k = 0; k < D / 64; ++k) {
    const int at = lane + 32 * k, above = at + D / 2;
    codes[at / 16 * 16 + kv_chunk_byte(KvForm::int8, at)] = static_cast<u8>(f32_to_bits(low[k] * inverse + kWhole));
    codes[above / 16 * 16 + kv_chunk_byte(KvForm::int8, above)] =
        static_cast<u8>(f32_to_bits(high[k] * inverse + kWhole));
  }
  return largest / 127.0f;
}

// A key and a value as quantize_head left them, one behind the other, and their scales, to position `position` (0..15)
// of a head's tiles, by a warp.
template <int D>
DEVICE void store_codes(u8* keys, u8* values, const u8* codes, const float* scales, int position, int lane) {
  constexpr int kChunks = D / 16;
  if (lane < 2 * kChunks) {
    u8* tile = lane < kChunks ? keys : values;
    *reinterpret_cast<Words4*>(tile + kv_byte(KvForm::int8, D, position, lane % kChunks * 16)) =
        *reinterpret_cast<const Words4*>(codes + lane * 16);
  }
  if (lane < 2) {
    *reinterpret_cast<float*>((lane == 0 ? keys : values) + kv_scale_byte(D, position)) = scales[lane];
  }
}

}  // namespace estoc::gpu
