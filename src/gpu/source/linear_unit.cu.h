// A unit of projections' weights (weight_tile.h): how a lane loads its part and multiplies it.
//
// 4- and 8-bit codes become bf16 exactly by bits (128 + code, 16 + code need no conversion) and meet their scale behind
// the product of their group of 32.
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/weight_tile.h"

namespace estoc::gpu {

// What one lane holds of one unit of one tile row.
template <WeightForm kForm>
struct LaneWeights;
template <>
struct LaneWeights<WeightForm::bf16> {
  Words4 codes[4];  // [half][j]
};
template <>
struct LaneWeights<WeightForm::codes8> {
  Words4 codes[2];  // [half]: words of j = 0, 0, 1, 1
  Words2 scales;    // f16 [j][half]
};
template <>
struct LaneWeights<WeightForm::codes4> {
  Words4 codes[1];  // words [j][half]
  Words2 scales;
};
template <>
struct LaneWeights<WeightForm::codes4_min> {
  Words4 codes[1];
  Words4 scales;  // f16 scales [j][half], then minima
};

// Where this lane's part of a tile row's unit lies; `i` units further it is as many bytes on, known when compiled.
template <WeightForm kForm>
struct LaneSource {
  const u8 *codes, *scales;
  DEVICE void advance(int units) {
    codes += units * unit_code_bytes(kForm);
    scales += units * unit_scale_bytes(kForm);
  }
};
template <WeightForm kForm>
DEVICE LaneSource<kForm> lane_source(const u8* tile_row, int units, int unit, int lane) {
  const u8* codes = tile_row + static_cast<long>(unit) * unit_code_bytes(kForm);
  const u8* scales =
      tile_row + static_cast<long>(units) * unit_code_bytes(kForm) + static_cast<long>(unit) * unit_scale_bytes(kForm);
  if constexpr (kForm == WeightForm::bf16) return {codes + lane % 4 * 128 + lane / 4 * 16, nullptr};
  return {codes + lane * 16, scales + lane / 4 * (unit_scale_bytes(kForm) / 8)};
}

template <WeightForm kForm>
DEVICE LaneWeights<kForm> load_unit(const LaneSource<kForm>& from, int i) {
  LaneWeights<kForm> w;
  const u8* codes = from.codes + i * unit_code_bytes(kForm);
  const u8* scales = from.scales + i * unit_scale_bytes(kForm);
  if constexpr (kForm == WeightForm::bf16) {
    UNROLL
    for (int k = 0; k < 4; ++k) w.codes[k] = load_stream<Words4>(codes + k / 2 * 1024 + k % 2 * 512);
  } else {
    w.codes[0] = load_stream<Words4>(codes);
    if constexpr (kForm == WeightForm::codes8) w.codes[1] = load_stream<Words4>(codes + 512);
    if constexpr (kForm == WeightForm::codes4_min) {
      w.scales = load_stream<Words4>(scales);
    } else {
      w.scales = load_stream<Words2>(scales);
    }
  }
  return w;
}

// Pair `pair` of a chunk of codes as two bf16.
template <WeightForm kForm>
DEVICE u32 pair_of(u32 word, int pair) {
  constexpr u32 kOne = 0x3f803f80u;
  if constexpr (kForm == WeightForm::codes8) {
    // 128 + the low seven bits, minus 128, or minus 256 where the sign bit is set
    const u32 bytes = pair % 2 != 0 ? word >> 8 : word;
    return fma_bf16x2(and_or(bytes, 0x007f007fu, 0x43004300u), kOne, and_or(bytes, 0x00800080u, 0xc300c300u));
  } else {
    constexpr u32 kZero = kForm == WeightForm::codes4 ? 0xc308c308u : 0xc300c300u;  // -136, -128
    return fma_bf16x2(and_or(word >> 4 * pair, 0x000f000fu, 0x43004300u), kOne, kZero);
  }
}

// Pair `pair` of a chunk of 4-bit codes as two bf16 that are 16 too large for unsigned codes, 24 for signed ones: the
// code is the upper part of the mantissa. What is too much goes into the beginning of the products' sums.
DEVICE u32 raised_pair_of(u32 word, int pair) {
  return and_or(pair == 0 ? word << 3 : word >> (4 * pair - 3), 0x00780078u, 0x41804180u);
}
// Only for one group of activation rows: with two, the sums' beginnings take registers that are not there.
constexpr bool is_raised(WeightForm form, int n) {
  return n == 1 && (form == WeightForm::codes4 || form == WeightForm::codes4_min);
}

// The 16 x 16 fragment of step `step` (0, 1) of group `j`.
template <WeightForm kForm>
DEVICE void fragment_of(u32 (&a)[4], const LaneWeights<kForm>& w, int j, int step) {
  UNROLL
  for (int i = 0; i < 4; ++i) {  // half i % 2, pair 2 step + i / 2
    const int half = i % 2, pair = 2 * step + i / 2;
    if constexpr (kForm == WeightForm::bf16) {
      a[i] = w.codes[half * 2 + j].v[pair];
    } else if constexpr (kForm == WeightForm::codes8) {
      a[i] = pair_of<kForm>(w.codes[half].v[j * 2 + pair / 2], pair);
    } else {
      a[i] = pair_of<kForm>(w.codes[0].v[j * 2 + half], pair);
    }
  }
}

constexpr bool needs_input_sums(WeightForm form, int n) { return form == WeightForm::codes4_min || is_raised(form, n); }

// Where the sums of a group's products begin, the same for all weights: minus what raised codes are too much by, times
// the sum of inputs.
template <WeightForm kForm, int N>
DEVICE void begin_group(float (&begin)[N][4], const Words4 (&x)[N][2], int j) {
  constexpr u32 kRaised = kForm == WeightForm::codes4 ? 0xc1c0c1c0u : 0xc180c180u;  // -24, -16
  const u32 a[4] = {kRaised, kRaised, kRaised, kRaised};
  UNROLL
  for (int n = 0; n < N; ++n) {
    UNROLL
    for (int e = 0; e < 4; ++e) begin[n][e] = 0;
    UNROLL
    for (int step = 0; step < 2 && needs_input_sums(kForm, N); ++step) {
      mma_bf16(begin[n], a, x[n][j].v[2 * step], x[n][j].v[2 * step + 1]);
    }
  }
}

// One group of 32 columns of codes: the product, times the group's scales, plus sum of inputs times minima.
template <WeightForm kForm, int N>
DEVICE void multiply_group(float (&sums)[N][4], const LaneWeights<kForm>& w, const Words4 (&x)[N][2],
                           const float (&begin)[N][4], int j) {
  float product[N][4];
  UNROLL
  for (int n = 0; n < N; ++n) {
    UNROLL
    for (int e = 0; e < 4; ++e) product[n][e] = is_raised(kForm, N) ? begin[n][e % 2] : 0;
  }
  UNROLL
  for (int step = 0; step < 2; ++step) {
    u32 a[4];
    if constexpr (is_raised(kForm, N)) {
      UNROLL
      for (int i = 0; i < 4; ++i) a[i] = raised_pair_of(w.codes[0].v[j * 2 + i % 2], 2 * step + i / 2);
    } else {
      fragment_of<kForm>(a, w, j, step);
    }
    UNROLL
    for (int n = 0; n < N; ++n) mma_bf16(product[n], a, x[n][j].v[2 * step], x[n][j].v[2 * step + 1]);
  }
  UNROLL
  for (int half = 0; half < 2; ++half) {
    const float scale = f16_to_f32(w.scales.v[j] >> half * 16 & 0xffff);
    float minimum = 0;  // of inputs times -16
    if constexpr (kForm == WeightForm::codes4_min) {
      minimum = f16_to_f32(w.scales.v[2 + j] >> half * 16 & 0xffff) * -0.0625f;
    }
    UNROLL
    for (int n = 0; n < N; ++n) {
      UNROLL
      for (int e = half * 2; e < half * 2 + 2; ++e) {
        sums[n][e] += product[n][e] * scale;
        if constexpr (kForm == WeightForm::codes4_min) sums[n][e] += begin[n][e % 2] * minimum;
      }
    }
  }
}

// A unit of each of R tile rows.
template <WeightForm kForm, int R, int N>
DEVICE void multiply_unit(float (&sums)[R][N][4], const LaneWeights<kForm> (&w)[R], const Words4 (&x)[N][2]) {
  UNROLL
  for (int j = 0; j < 2; ++j) {
    if constexpr (kForm == WeightForm::bf16) {
      UNROLL
      for (int r = 0; r < R; ++r) {
        UNROLL
        for (int step = 0; step < 2; ++step) {
          u32 a[4];
          fragment_of<kForm>(a, w[r], j, step);
          UNROLL
          for (int n = 0; n < N; ++n) mma_bf16(sums[r][n], a, x[n][j].v[2 * step], x[n][j].v[2 * step + 1]);
        }
      }
    } else {
      float begin[N][4];
      begin_group<kForm, N>(begin, x, j);
      UNROLL
      for (int r = 0; r < R; ++r) multiply_group<kForm, N>(sums[r], w[r], x, begin, j);
    }
  }
}

}  // namespace estoc::gpu
