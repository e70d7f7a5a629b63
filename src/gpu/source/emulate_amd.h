// The matrix instructions of AMD cards on the CPU, as the manuals of their instruction sets define them, under what
// amd_matrix.h makes of them.
//
// A fiber is a thread; where that has two lanes of a wave it is both of them, one after the other, and they have to
// come to the same result.
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

inline u32 shuffle_next(u32 x) { return shuffle_xor(x, 1); }
inline u32 shuffle_second(u32 x) { return shuffle_xor(x, 2); }

}  // namespace estoc::gpu

#include "gpu/source/amd_matrix.h"

namespace estoc::gpu {

// Sum of 16 products. `left(k / kEach)` and `right(k / kEach)` are the words of the lane that has those kEach values.
template <int kEach, class Left, class Right>
float emulated_dot(Left left, Right right) {
  float sum = 0;
  for (int k = 0; k < 16; ++k) {
    const int word = k % kEach / 2, half = k % 2;
    sum += emulated_bf16(left(k / kEach)[word], half) * emulated_bf16(right(k / kEach)[word], half);
  }
  return sum;
}

// V_MFMA_F32_16X16X16_BF16: lane l has row (column) l % 16 of the left (right) side, of the 16 that are summed those
// from 4 (l / 16) on; its result r is row 4 (l / 16) + r, column l % 16.
inline void mma_by_mfma(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  struct Operands {
    u32 columns[2], rows[2][2];  // rows: of each twin
  };
  struct Results {
    float of_twin[2][2];
  };
  Operands mine{{b0, b1}, {}};
  for (int twin = 0; twin < 2; ++twin) mfma_rows(mine.rows[twin], a, twin);
  const Results results = exchange(mine, [](const Operands* all) {
    Results r;
    for (int i = 0; i < 4; ++i) {
      const int lane = wave64_lane(thread_index() % kWarp, i / 2), row = lane / 16 * 4 + i % 2, column = lane % 16;
      r.of_twin[i / 2][i % 2] =
          emulated_dot<4>([&](int k) { return all[wave64_thread(k * 16 + row)].columns; },
                          [&](int k) { return all[wave64_thread(k * 16 + column)].rows[wave64_twin(column)]; });
    }
    return r;
  });
  float other[4] = {d[0], d[1], d[2], d[3]};
  mfma_add(d, results.of_twin[0], results.of_twin[1], 0);
  mfma_add(other, results.of_twin[1], results.of_twin[0], 1);
  if (std::memcmp(d, other, sizeof(other)) != 0) fibers::fault("the two lanes of a thread differ");
}

// V_WMMA_F32_16X16X16_BF16 of gfx12: lane l has row (column) l % 16, of the 16 that are summed those from 8 (l / 16)
// on; its result r is row 8 (l / 16) + r, column l % 16.
inline void mma_by_wmma12(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  struct Operands {
    u32 columns[4], rows[4];
  };
  struct Results {
    float v[8];
  };
  const int t = thread_index() % 4;
  Operands mine;
  wmma_rows(mine.rows, a, t);
  wmma_columns(mine.columns, b0, b1, t);
  const Results results = exchange(mine, [](const Operands* all) {
    Results r;
    const int lane = wave32_lane(thread_index() % kWarp);
    for (int i = 0; i < 8; ++i) {
      const int row = lane / 16 * 8 + i, column = lane % 16;
      r.v[i] = emulated_dot<8>([&](int k) { return all[wave32_thread(k * 16 + row)].columns; },
                               [&](int k) { return all[wave32_thread(k * 16 + column)].rows; });
    }
    return r;
  });
  float columns[4];
  wmma12_results(columns, results.v);
  wmma_add(d, columns, t);
}

// The same of gfx11: lanes l and l + 16 both have all of row (column) l; result r is row 2 r + l / 16, column l % 16.
inline void mma_by_wmma11(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  struct Operands {
    u32 columns[8], rows[8];
  };
  struct Results {
    float v[8];
  };
  const int t = thread_index() % 4;
  u32 rows[4], halves[4];
  wmma_rows(rows, a, t);
  wmma_columns(halves, b0, b1, t);
  Operands mine;
  wmma_whole(mine.rows, rows, t);
  wmma_whole(mine.columns, halves, t);
  const Results results = exchange(mine, [](const Operands* all) {
    Results r;
    const int lane = wave32_lane(thread_index() % kWarp);
    if (std::memcmp(&all[wave32_thread(lane)], &all[wave32_thread(lane ^ 16)], sizeof(Operands)) != 0) {
      fibers::fault("the halves of a wave bring different operands");
    }
    for (int i = 0; i < 8; ++i) {
      const int row = 2 * i + lane / 16, column = lane % 16;
      r.v[i] = emulated_dot<16>([&](int) { return all[wave32_thread(row)].columns; },
                                [&](int) { return all[wave32_thread(column)].rows; });
    }
    return r;
  });
  float columns[4];
  wmma11_results(columns, results.v, t);
  wmma_add(d, columns, t);
}

inline u32 transpose_8x8(u32 x) {
  if (emulated_block().card == EmulatedCard::hopper) return transpose_of_warp(x);
  return transpose_by_threads(x, thread_index() % kWarp / 4, thread_index() % 4);
}

inline void mma_bf16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  switch (emulated_block().card) {
    case EmulatedCard::hopper:
      return mma_of_warp(d, a, b0, b1);
    case EmulatedCard::gfx942:
      return mma_by_mfma(d, a, b0, b1);
    case EmulatedCard::gfx1100:
      return mma_by_wmma11(d, a, b0, b1);
    case EmulatedCard::gfx1201:
      return mma_by_wmma12(d, a, b0, b1);
  }
}

}  // namespace estoc::gpu
