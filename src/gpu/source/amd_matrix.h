// How the product and the transposition of a warp (device.h: mma_bf16, transpose_8x8) are made of what AMD cards have.
// Shared by amdgcn.h and the emulator, which has the matrix instructions as their manuals define them: what is tested
// is what the device compiler takes.
//
// The instructions multiply 16 x 16 by 16 x 16. Their left side are the 8 columns of b, each twice, their right side
// the rows of `a`: so a lane's results are elements of a row of the product. The order of the 16 that are summed is the
// same on both sides, and no more is needed. Lanes and threads: amd_wave.h.
//
// Needs word_from(x, thread) and, for waves of 32, shuffle_next(x), shuffle_second(x): x of thread t ^ 1, t ^ 2.
#pragma once

#include "gpu/source/amd_wave.h"

namespace estoc::gpu {

// By value: elements of arrays chosen by reference would have to lie in memory.
template <class T>
DEVICE T choose(bool is_first, T first, T second) {
  return is_first ? first : second;
}

// transpose_8x8: elements (2 t, g) and (2 t + 1, g) are halves of what threads 8 t + g / 2 and 4 further have.
DEVICE u32 transpose_by_threads(u32 x, int g, int t) {
  const u32 even = word_from(x, 8 * t + g / 2), odd = word_from(x, 8 * t + 4 + g / 2);
  return choose(g % 2 == 0, (even & 0xffff) | odd << 16, even >> 16 | (odd & 0xffff0000u));
}

// MFMA 16 x 16 x 16: twin h brings row g + 8 h of `a`; of b both twins bring both words as they are.
DEVICE void mfma_rows(u32 (&rows)[2], const u32 (&a)[4], int twin) {
  rows[0] = choose(twin == 0, a[0], a[1]);
  rows[1] = choose(twin == 0, a[2], a[3]);
}
// The first two results of a twin are row g + 8 twin, columns 2 t and 2 t + 1; `other` are those of the other twin.
DEVICE void mfma_add(float (&d)[4], const float (&own)[2], const float (&other)[2], int twin) {
  UNROLL
  for (int e = 0; e < 2; ++e) {
    d[e] += choose(twin == 0, own[e], other[e]);
    d[2 + e] += choose(twin == 0, other[e], own[e]);
  }
}

#if !defined(HAS_MFMA)
// WMMA, gfx12: a lane brings 8 of the 16 that are summed, those of its t / 2, of one row of `a` (g for even t, g + 8
// for odd ones) and of column g of b. Thread t has 4 of each; the other 4 are thread t ^ 1's.
DEVICE void wmma_half(u32 (&half)[4], const u32 (&kept)[2], const u32 (&given)[2], int t) {
  UNROLL
  for (int i = 0; i < 2; ++i) {
    const u32 got = shuffle_next(given[i]);
    half[i] = choose(t % 2 == 0, kept[i], got);
    half[2 + i] = choose(t % 2 == 0, got, kept[i]);
  }
}
DEVICE void wmma_rows(u32 (&rows)[4], const u32 (&a)[4], int t) {
  const u32 low[2] = {a[0], a[2]}, high[2] = {a[1], a[3]};
  u32 kept[2], given[2];
  UNROLL
  for (int i = 0; i < 2; ++i) {
    kept[i] = choose(t % 2 == 0, low[i], high[i]);
    given[i] = choose(t % 2 == 0, high[i], low[i]);
  }
  wmma_half(rows, kept, given, t);
}
DEVICE void wmma_columns(u32 (&columns)[4], u32 b0, u32 b1, int t) {
  const u32 both[2] = {b0, b1};
  wmma_half(columns, both, both, t);
}
// WMMA, gfx11: all 16; the other half is thread t ^ 2's. Lanes l and l + 16 bring the same, as the instruction demands.
DEVICE void wmma_whole(u32 (&whole)[8], const u32 (&half)[4], int t) {
  UNROLL
  for (int i = 0; i < 4; ++i) {
    const u32 got = shuffle_second(half[i]);
    whole[i] = choose(t < 2, half[i], got);
    whole[4 + i] = choose(t < 2, got, half[i]);
  }
}

// Where the results of the columns 4 (t / 2) .. + 3 are among a lane's 8: gfx12 has them twice, gfx11 has all 8
// columns.
DEVICE void wmma12_results(float (&columns)[4], const float (&results)[8]) {
  UNROLL
  for (int i = 0; i < 4; ++i) columns[i] = results[2 * i];
}
DEVICE void wmma11_results(float (&columns)[4], const float (&results)[8], int t) {
  UNROLL
  for (int i = 0; i < 4; ++i) columns[i] = choose(t < 2, results[i], results[4 + i]);
}
// Of these four a thread keeps its own two columns; the other two are what thread t ^ 1 wants of this row.
DEVICE void wmma_add(float (&d)[4], const float (&columns)[4], int t) {
  UNROLL
  for (int e = 0; e < 2; ++e) {
    const float own = choose(t % 2 == 0, columns[e], columns[2 + e]);
    const float given = choose(t % 2 == 0, columns[2 + e], columns[e]);
    const float got = bits_to_f32(shuffle_next(f32_to_bits(given)));
    d[e] += choose(t % 2 == 0, own, got);
    d[2 + e] += choose(t % 2 == 0, got, own);
  }
}
#endif

}  // namespace estoc::gpu
