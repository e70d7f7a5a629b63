// From a file's blocks to tiles (repack.h). The formats are described in quant/q4.h, q5.h, q8.h, iq4.h, mxfp4.h,
// k_affine.h and k_symmetric.h.
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/repack.h"

namespace estoc::gpu {

// 32 weights of a row as the target's form has them. codes are unsigned nibbles or signed bytes.
struct Group {
  u8 codes[32];
  u32 scale = 0, second = 0;  // f16, of f8 f32; a minimum, or the scale of the upper 16 columns
};

DEVICE u32 half_at(const u8* p) { return *reinterpret_cast<const u16*>(p); }
DEVICE u32 scaled_half(u32 half, int factor) { return f32_to_f16(f16_to_f32(half) * static_cast<float>(factor)); }

// Blocks of 32: nibbles as in Q4_0, element i and i + 16 in byte i.
DEVICE void read_nibbles(u8 (&codes)[32], const u8* qs) {
  UNROLL
  for (int i = 0; i < 16; ++i) {
    codes[i] = qs[i] & 15;
    codes[i + 16] = static_cast<u8>(qs[i] >> 4);
  }
}

template <WeightForm kTarget, int kBytes>
struct BlocksOf32 {
  static constexpr WeightForm kForm = kTarget;
  static DEVICE const u8* block_of(const u8* row, int group) { return row + static_cast<long>(group) * kBytes; }
  static constexpr long row_bytes(int columns) { return static_cast<long>(columns / 32) * kBytes; }
};
// Blocks of 256: group `group` is part group % 8 of one.
template <WeightForm kTarget, int kBytes>
struct BlocksOf256 {
  static constexpr WeightForm kForm = kTarget;
  static DEVICE const u8* block_of(const u8* row, int group) { return row + static_cast<long>(group / 8) * kBytes; }
  static constexpr long row_bytes(int columns) { return static_cast<long>(columns / 256) * kBytes; }
};

struct Q4_0 : BlocksOf32<WeightForm::codes4, 18> {
  static DEVICE void read(Group& to, const u8* row, int group) {
    const u8* block = block_of(row, group);
    to.scale = half_at(block);
    read_nibbles(to.codes, block + 2);
  }
};

struct Q4_1 : BlocksOf32<WeightForm::codes4_min, 20> {
  static DEVICE void read(Group& to, const u8* row, int group) {
    const u8* block = block_of(row, group);
    to.scale = half_at(block);
    to.second = half_at(block + 2);
    read_nibbles(to.codes, block + 4);
  }
};

// The fifth bit of element i is bit i of four bytes.
DEVICE void read_fifth_bits(u8 (&codes)[32], const u8* qh) {
  UNROLL
  for (int i = 0; i < 32; ++i) codes[i] |= static_cast<u8>((qh[i / 8] >> i % 8 & 1) << 4);
}

struct Q5_0 : BlocksOf32<WeightForm::codes8, 22> {
  static DEVICE void read(Group& to, const u8* row, int group) {
    const u8* block = block_of(row, group);
    to.scale = half_at(block);
    read_nibbles(to.codes, block + 6);
    read_fifth_bits(to.codes, block + 2);
    UNROLL
    for (int i = 0; i < 32; ++i) to.codes[i] = static_cast<u8>(to.codes[i] - 16);
  }
};

struct Q5_1 : BlocksOf32<WeightForm::codes8_min, 24> {
  static DEVICE void read(Group& to, const u8* row, int group) {
    const u8* block = block_of(row, group);
    to.scale = half_at(block);
    to.second = half_at(block + 2);
    read_nibbles(to.codes, block + 8);
    read_fifth_bits(to.codes, block + 4);
  }
};

struct Q8_0 : BlocksOf32<WeightForm::codes8, 34> {
  static DEVICE void read(Group& to, const u8* row, int group) {
    const u8* block = block_of(row, group);
    to.scale = half_at(block);
    UNROLL
    for (int i = 0; i < 32; ++i) to.codes[i] = block[2 + i];
  }
};

// Scale and minimum of part `s` of a block of Q4_K or Q5_K: six bits each, times the block's own.
DEVICE void read_scale_and_minimum(Group& to, const u8* block, int s) {
  const u8* pairs = block + 4;
  int scale, minimum;
  if (s < 4) {
    scale = pairs[s] & 63;
    minimum = pairs[s + 4] & 63;
  } else {
    scale = (pairs[s + 4] & 15) | (pairs[s - 4] >> 6) << 4;
    minimum = pairs[s + 4] >> 4 | (pairs[s] >> 6) << 4;
  }
  to.scale = scaled_half(half_at(block), scale);
  to.second = scaled_half(half_at(block + 2), -minimum);
}

struct Q4_K : BlocksOf256<WeightForm::codes4_min, 144> {
  static DEVICE void read(Group& to, const u8* row, int group) {
    const u8* block = block_of(row, group);
    const int s = group % 8;
    read_scale_and_minimum(to, block, s);
    UNROLL
    for (int i = 0; i < 32; ++i) to.codes[i] = block[16 + s / 2 * 32 + i] >> (s % 2 * 4) & 15;
  }
};

struct Q5_K : BlocksOf256<WeightForm::codes8_min, 176> {
  static DEVICE void read(Group& to, const u8* row, int group) {
    const u8* block = block_of(row, group);
    const int s = group % 8;
    read_scale_and_minimum(to, block, s);
    UNROLL
    for (int i = 0; i < 32; ++i) {
      const int low = block[48 + s / 2 * 32 + i] >> (s % 2 * 4) & 15;
      to.codes[i] = static_cast<u8>(low | (block[16 + i] >> s & 1) << 4);
    }
  }
};

struct Q6_K : BlocksOf256<WeightForm::codes8_16, 210> {
  static DEVICE void read(Group& to, const u8* row, int group) {
    const u8* block = block_of(row, group);
    const int h = group % 8 / 4, j = group % 4;
    const u8* scales = block + 192 + group % 8 * 2;
    const u32 scale = half_at(block + 208);
    to.scale = scaled_half(scale, static_cast<signed char>(scales[0]));
    to.second = scaled_half(scale, static_cast<signed char>(scales[1]));
    UNROLL
    for (int i = 0; i < 32; ++i) {
      const int low = block[h * 64 + j % 2 * 32 + i] >> (j / 2 * 4) & 15, high = block[128 + h * 32 + i] >> (j * 2) & 3;
      to.codes[i] = static_cast<u8>((low | high << 4) - 32);
    }
  }
};

// Codes of three bits times scales of six are eight bits but for one: (-4) (-32) = 128. Where it occurs the scale
// changes its sign, and with it all codes of the group, of which none is -128.
struct Q3_K : BlocksOf256<WeightForm::codes8, 110> {
  static DEVICE int scale_of(const u8* scales, int s) {
    return ((scales[s % 8] >> (s / 8 * 4) & 15) | (scales[8 + s % 4] >> (s / 4 * 2) & 3) << 4) - 32;
  }
  static DEVICE void read(Group& to, const u8* row, int group) {
    const u8* block = block_of(row, group);
    const int part = group % 8, h = part / 4, j = part % 4;
    const int lower = scale_of(block + 96, part * 2), upper = scale_of(block + 96, part * 2 + 1);
    bool is_negated = false;
    UNROLL
    for (int i = 0; i < 32; ++i) {
      const int low = block[32 + h * 32 + i] >> (j * 2) & 3, high = block[i] >> (h * 4 + j) & 1;
      const int code = (i < 16 ? lower : upper) * ((low | high << 2) - 4);
      is_negated |= code == 128;
      to.codes[i] = static_cast<u8>(code);
    }
    to.scale = half_at(block + 108) ^ (is_negated ? 0x8000u : 0u);
    UNROLL
    for (int i = 0; i < 32; ++i) to.codes[i] = static_cast<u8>(is_negated ? -to.codes[i] : to.codes[i]);
  }
};

// Number `code` of sixteen signed bytes.
DEVICE u8 value_of(u64 low, u64 high, int code) {
  return static_cast<u8>((code < 8 ? low : high) >> code % 8 * 8 & 0xff);
}
DEVICE void read_values(u8 (&codes)[32], const u8* qs, u64 low, u64 high) {
  read_nibbles(codes, qs);
  UNROLL
  for (int i = 0; i < 32; ++i) codes[i] = value_of(low, high, codes[i]);
}
// -127 -104 -83 -65 -49 -35 -22 -10 | 1 13 25 38 53 69 89 113
inline constexpr u64 kIq4Low = 0xf6eaddcfbfad9881u, kIq4High = 0x7159453526190d01u;
// 0 1 2 3 4 6 8 12 | their negatives
inline constexpr u64 kMxfp4Low = 0x0c08060403020100u, kMxfp4High = 0xf4f8fafcfdfeff00u;

struct Iq4Nl : BlocksOf32<WeightForm::codes8, 18> {
  static DEVICE void read(Group& to, const u8* row, int group) {
    const u8* block = block_of(row, group);
    to.scale = half_at(block);
    read_values(to.codes, block + 2, kIq4Low, kIq4High);
  }
};

struct Iq4Xs : BlocksOf256<WeightForm::codes8, 136> {
  static DEVICE void read(Group& to, const u8* row, int group) {
    const u8* block = block_of(row, group);
    const int b = group % 8;
    const int scale = (block[4 + b / 2] >> (b % 2 * 4) & 15) | static_cast<int>(half_at(block + 2) >> (b * 2) & 3) << 4;
    to.scale = scaled_half(half_at(block), scale - 32);
    read_values(to.codes, block + 8 + b * 16, kIq4Low, kIq4High);
  }
};

struct Mxfp4 : BlocksOf32<WeightForm::codes8, 17> {
  static DEVICE void read(Group& to, const u8* row, int group) {
    const u8* block = block_of(row, group);
    // 2^(e - 128): a subnormal for e of 0 and 1, as in quant/mxfp4.h, and zero as f16
    to.scale = f32_to_f16(bits_to_f32(block[0] < 2 ? 0 : static_cast<u32>(block[0] - 1) << 23));
    read_values(to.codes, block + 1, kMxfp4Low, kMxfp4High);
  }
};

// Units of 64 columns, each with its scale behind it.
struct F8E4M3 {
  static constexpr WeightForm kForm = WeightForm::f8;
  static constexpr int kBytes = kUnitColumns + 4;
  static constexpr long row_bytes(int columns) { return static_cast<long>(columns / kUnitColumns) * kBytes; }
  static DEVICE void read(Group& to, const u8* row, int group) {
    const u8* unit = row + static_cast<long>(group / 2) * kBytes;
    to.scale = *reinterpret_cast<const u32*>(unit + kUnitColumns);
    UNROLL
    for (int i = 0; i < 32; ++i) to.codes[i] = unit[group % 2 * kGroupColumns + i];
  }
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
    if constexpr (is_codes8(kForm)) to[1] = words[1];
  }
  u8* scales = tile_row + static_cast<long>(columns / kUnitColumns) * unit_code_bytes(kForm) +
               static_cast<long>(unit) * unit_scale_bytes(kForm) + scale_offset(kForm, row % kTileRows, j);
  if constexpr (kForm == WeightForm::f8) {
    *reinterpret_cast<u32*>(scales) = from.scale;
  } else {
    *reinterpret_cast<u16*>(scales) = static_cast<u16>(from.scale);
  }
  if constexpr (has_second(kForm)) *reinterpret_cast<u16*>(scales + 8) = static_cast<u16>(from.second);
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
  }
  write_group<Format::kForm>(a.tiles, a.columns, row, group, g);
}

// Values of 16 bits, kept as they are.
DEVICE void repack_plain(const RepackArguments& a) {
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

KERNEL(kRepackThreads, 1, repack_bf16, (RepackArguments a)) { repack_plain(a); }
KERNEL(kRepackThreads, 1, repack_f16, (RepackArguments a)) { repack_plain(a); }

#define ESTOC_REPACK(name, format) \
  KERNEL(kRepackThreads, 1, repack_##name, (RepackArguments a)) { repack_group<format>(a); }
ESTOC_REPACK(q4_0, Q4_0)
ESTOC_REPACK(q4_1, Q4_1)
ESTOC_REPACK(q5_0, Q5_0)
ESTOC_REPACK(q5_1, Q5_1)
ESTOC_REPACK(q8_0, Q8_0)
ESTOC_REPACK(q3_k, Q3_K)
ESTOC_REPACK(q4_k, Q4_K)
ESTOC_REPACK(q5_k, Q5_K)
ESTOC_REPACK(q6_k, Q6_K)
ESTOC_REPACK(iq4_nl, Iq4Nl)
ESTOC_REPACK(iq4_xs, Iq4Xs)
ESTOC_REPACK(mxfp4, Mxfp4)
ESTOC_REPACK(f8_e4m3, F8E4M3)
#undef ESTOC_REPACK

}  // namespace estoc::gpu
