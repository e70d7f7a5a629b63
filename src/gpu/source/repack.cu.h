// From a file's blocks to tiles (repack.h). The formats are described in quant/q4.h, q8.h and k_affine.h.
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/repack.h"

namespace estoc::gpu {

// 32 weights of a row as a file's format has them. codes are unsigned nibbles or signed bytes.
struct Group {
  u8 codes[32];
  u32 scale, minimum;  // f16
};

DEVICE u32 half_at(const u8* p) { return *reinterpret_cast<const u16*>(p); }

struct Q4_0 {
  static constexpr WeightForm kForm = WeightForm::codes4;
  static DEVICE void read(Group& to, const u8* row, int group) {
    const u8* block = row + static_cast<long>(group) * 18;
    to.scale = half_at(block);
    to.minimum = 0;
    UNROLL
    for (int i = 0; i < 16; ++i) {
      to.codes[i] = block[2 + i] & 15;
      to.codes[i + 16] = static_cast<u8>(block[2 + i] >> 4);
    }
  }
  static constexpr long row_bytes(int columns) { return columns / 32 * 18L; }
};

struct Q4_1 {
  static constexpr WeightForm kForm = WeightForm::codes4_min;
  static DEVICE void read(Group& to, const u8* row, int group) {
    const u8* block = row + static_cast<long>(group) * 20;
    to.scale = half_at(block);
    to.minimum = half_at(block + 2);
    UNROLL
    for (int i = 0; i < 16; ++i) {
      to.codes[i] = block[4 + i] & 15;
      to.codes[i + 16] = static_cast<u8>(block[4 + i] >> 4);
    }
  }
  static constexpr long row_bytes(int columns) { return columns / 32 * 20L; }
};

struct Q8_0 {
  static constexpr WeightForm kForm = WeightForm::codes8;
  static DEVICE void read(Group& to, const u8* row, int group) {
    const u8* block = row + static_cast<long>(group) * 34;
    to.scale = half_at(block);
    to.minimum = 0;
    UNROLL
    for (int i = 0; i < 32; ++i) to.codes[i] = block[2 + i];
  }
  static constexpr long row_bytes(int columns) { return columns / 32 * 34L; }
};

struct Q4_K {
  static constexpr WeightForm kForm = WeightForm::codes4_min;
  static DEVICE void read(Group& to, const u8* row, int group) {
    const u8* block = row + static_cast<long>(group / 8) * 144;
    const int s = group % 8;
    const u8* pairs = block + 4;
    u32 scale, minimum;  // six bits each
    if (s < 4) {
      scale = pairs[s] & 63u;
      minimum = pairs[s + 4] & 63u;
    } else {
      scale = (pairs[s + 4] & 15u) | (pairs[s - 4] >> 6) << 4;
      minimum = static_cast<u32>(pairs[s + 4] >> 4) | (pairs[s] >> 6) << 4;
    }
    to.scale = f32_to_f16(f16_to_f32(half_at(block)) * static_cast<float>(scale));
    to.minimum = f32_to_f16(-f16_to_f32(half_at(block + 2)) * static_cast<float>(minimum));
    UNROLL
    for (int i = 0; i < 32; ++i) to.codes[i] = block[16 + s / 2 * 32 + i] >> (s % 2 * 4) & 15;
  }
  static constexpr long row_bytes(int columns) { return columns / 256 * 144L; }
};

template <WeightForm kForm>
DEVICE void write_group(u8* tiles, int columns, int row, int group, const Group& from) {
  u8* tile_row = tiles + row / kTileRows * tile_row_bytes(kForm, columns);
  const int unit = group / 2, j = group % 2;
  u8* codes = tile_row + static_cast<long>(unit) * unit_code_bytes(kForm);
  UNROLL
  for (int chunk = 0; chunk < 4; ++chunk) {
    u32 words[2] = {0, 0};
    UNROLL
    for (int i = 0; i < 8; ++i) {
      const int bit = code_bit(kForm, i);
      words[bit / 32] |= static_cast<u32>(from.codes[chunk * 8 + i]) << bit % 32;
    }
    u32* to = reinterpret_cast<u32*>(codes + chunk_offset(kForm, row % kTileRows, j * 4 + chunk));
    to[0] = words[0];
    if constexpr (kForm == WeightForm::codes8) to[1] = words[1];
  }
  u8* scales = tile_row + static_cast<long>(columns / kUnitColumns) * unit_code_bytes(kForm) +
               static_cast<long>(unit) * unit_scale_bytes(kForm) + scale_offset(kForm, row % kTileRows, j);
  *reinterpret_cast<u16*>(scales) = static_cast<u16>(from.scale);
  if constexpr (kForm == WeightForm::codes4_min) *reinterpret_cast<u16*>(scales + 8) = static_cast<u16>(from.minimum);
}

template <class Format>
DEVICE void repack_group(const RepackArguments& a) {
  grid_release();
  grid_wait();
  const long index = static_cast<long>(block_index()) * kRepackThreads + thread_index();
  const int groups = a.columns / kGroupColumns, row = static_cast<int>(index / groups);
  if (row >= tile_rows_of(a.rows) * kTileRows) return;
  const int group = static_cast<int>(index % groups);
  Group g;
  if (row < a.rows) {
    Format::read(g, a.source + row * Format::row_bytes(a.columns), group);
  } else {
    UNROLL
    for (int i = 0; i < 32; ++i) g.codes[i] = 0;
    g.scale = g.minimum = 0;
  }
  write_group<Format::kForm>(a.tiles, a.columns, row, group, g);
}

KERNEL(kRepackThreads, 1, repack_q4_0, (RepackArguments a)) { repack_group<Q4_0>(a); }
KERNEL(kRepackThreads, 1, repack_q4_1, (RepackArguments a)) { repack_group<Q4_1>(a); }
KERNEL(kRepackThreads, 1, repack_q8_0, (RepackArguments a)) { repack_group<Q8_0>(a); }
KERNEL(kRepackThreads, 1, repack_q4_k, (RepackArguments a)) { repack_group<Q4_K>(a); }

KERNEL(kRepackThreads, 1, repack_bf16, (RepackArguments a)) {
  grid_release();
  grid_wait();
  const long index = static_cast<long>(block_index()) * kRepackThreads + thread_index();
  const int groups = a.columns / kGroupColumns, row = static_cast<int>(index / groups);
  if (row >= tile_rows_of(a.rows) * kTileRows) return;
  const int group = static_cast<int>(index % groups);
  const u16* source =
      reinterpret_cast<const u16*>(a.source) + static_cast<long>(row) * a.columns + group * kGroupColumns;
  u8* codes = a.tiles + row / kTileRows * tile_row_bytes(WeightForm::bf16, a.columns) + group / 2 * 2048L;
  UNROLL
  for (int chunk = 0; chunk < 4; ++chunk) {
    u16* to = reinterpret_cast<u16*>(codes + chunk_offset(WeightForm::bf16, row % kTileRows, group % 2 * 4 + chunk));
    UNROLL
    for (int i = 0; i < 8; ++i) to[i] = row < a.rows ? source[chunk * 8 + i] : u16{0};
  }
}

}  // namespace estoc::gpu
