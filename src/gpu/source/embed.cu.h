// Embedding (embed.h): a block a row, a thread a chunk of 8 columns at a time.
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/embed.h"

namespace estoc::gpu {

// Chunk `chunk` (of the whole row) of row `row` as floats.
template <WeightForm kForm>
DEVICE void decode_chunk(float (&values)[8], const u8* weights, int columns, int row, int chunk) {
  const u8* tile_row = weights + row / kTileRows * tile_row_bytes(kForm, columns);
  const int unit = chunk / 8, in_unit = chunk % 8, in_tile = row % kTileRows;
  const u8* codes = tile_row + static_cast<long>(unit) * unit_code_bytes(kForm) + chunk_offset(kForm, in_tile, in_unit);
  const u8* scales = tile_row + static_cast<long>(columns / kUnitColumns) * unit_code_bytes(kForm) +
                     static_cast<long>(unit) * unit_scale_bytes(kForm) + scale_offset(kForm, in_tile, in_unit / 4);
  const u32* words = reinterpret_cast<const u32*>(codes);
  const bool is_upper = kForm == WeightForm::codes8_16 && in_unit % 4 >= 2;
  float scale = 1;
  if constexpr (kForm == WeightForm::f8) {
    scale = *reinterpret_cast<const float*>(scales);
  } else if constexpr (!is_plain(kForm)) {
    scale = f16_to_f32(*reinterpret_cast<const u16*>(scales + (is_upper ? 8 : 0)));
  }
  const float minimum = has_minimum(kForm) ? f16_to_f32(*reinterpret_cast<const u16*>(scales + 8)) : 0;
  UNROLL
  for (int i = 0; i < 8; ++i) {
    const int bit = code_bit(kForm, i);
    const u32 code = words[bit / 32] >> bit % 32;
    if constexpr (kForm == WeightForm::bf16) values[i] = bits_to_f32(code << 16);
    if constexpr (kForm == WeightForm::f16) values[i] = f16_to_f32(code & 0xffff);
    if constexpr (kForm == WeightForm::f8) {
      // Exponent and fraction where f32 has them are 2^120 too small.
      values[i] = scale * (bits_to_f32((code & 0x80) << 24 | (code & 0x7f) << 20) * 0x1p120f);
    } else if constexpr (is_codes8(kForm)) {
      values[i] = scale * static_cast<float>(static_cast<signed char>(code & 0xff)) + minimum;
    }
    if constexpr (is_codes4(kForm)) {
      values[i] = scale * static_cast<float>(static_cast<int>(code & 15) - (has_minimum(kForm) ? 0 : 8)) + minimum;
    }
  }
}

template <WeightForm kForm>
DEVICE void embed_row(float (&part)[kEmbedThreads / kWarp], const EmbedArguments& a) {
  grid_release();
  grid_wait();
  const long row = block_index();
  const int token = static_cast<int>(a.tokens[row]);
  float squares = 0;
  for (int chunk = thread_index(); chunk < a.columns / 8; chunk += kEmbedThreads) {
    float values[8];
    decode_chunk<kForm>(values, a.weights, a.columns, token, chunk);
    UNROLL
    for (int i = 0; i < 8; ++i) {
      const long at = row * a.columns + chunk * 8 + i;
      values[i] *= a.scale;
      a.residual[at] = values[i];
      a.next_inputs[at] = static_cast<u16>(pack_bf16x2(values[i] * a.next_norm[chunk * 8 + i], 0));
      squares += values[i] * values[i];
    }
  }
  for (int mask = 16; mask > 0; mask >>= 1) squares += shuffle_xor(squares, mask);
  if (thread_index() % kWarp == 0) part[thread_index() / kWarp] = squares;
  sync_block();
  if (thread_index() != 0) return;
  float sum = 0;
  for (int w = 0; w < kEmbedThreads / kWarp; ++w) sum += part[w];
  a.next_squares[row] = sum;
}

#define ESTOC_EMBED(form)                                      \
  KERNEL(kEmbedThreads, 1, embed_##form, (EmbedArguments a)) { \
    SHARED(part, float[kEmbedThreads / kWarp]);                \
    embed_row<WeightForm::form>(part, a);                      \
  }
ESTOC_EMBED(bf16)
ESTOC_EMBED(codes8)
ESTOC_EMBED(codes4)
ESTOC_EMBED(codes4_min)
ESTOC_EMBED(f16)
ESTOC_EMBED(codes8_min)
ESTOC_EMBED(codes8_16)
ESTOC_EMBED(f8)

}  // namespace estoc::gpu
