// Panel products with AVX-512 VNNI: u8 weight codes in registers, s8 activations broadcast from memory four columns at
// a time. Included inside the anonymous namespace of an ISA file.
//
// A tile is kRows activation rows by kPanels panels of 16 weight rows. Within a group the products of codes stay in
// int32 and start at minus the zero point times the group's sum; then scale * dot is added in f32, in units of the
// activation block's scale, so a group costs two operations beside its dots (three with minima). At a block's end the
// sums change units by one multiplication.

// sum + u8 weights . the four s8 codes at `codes` in every lane. Compilers load the broadcast into a register of its
// own, which a tile cannot spare, hence assembly.
inline __attribute__((always_inline)) __m512i dot_broadcast(__m512i sum, __m512i weights, const int8_t* codes) {
  asm("vpdpbusd %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(weights), "m"(*reinterpret_cast<const int32_t*>(codes)));
  return sum;
}

// One stream of weights does not keep the memory busy: lines are asked for this far ahead.
constexpr int64_t kPrefetchBytes = 16384;

// What a tile reads of its activation rows. Rows are reached as base[r / 3] + (r % 3) * stride, which the addressing
// modes of x86 offer, so that twelve rows need five registers.
template <int kRows>
struct TileRows {
  static constexpr int kBases = (kRows + 2) / 3;
  const int8_t* base[kBases];
  int64_t stride;

  TileRows(const int8_t* codes, int64_t code_stride) : stride(code_stride) {
    for (int i = 0; i < kBases; ++i) base[i] = codes + 3 * i * code_stride;
  }
  const int8_t* row(int r) const { return base[r / 3] + r % 3 * stride; }
  void advance(int64_t columns) {
    for (const int8_t*& at : base) at += columns;
  }
};

// Adds the integer dots of one group, whose codes lie at `lines` of each panel. `values` is the table of codes that
// have one, in each quarter.
template <Codes kCodes, int kGroup, int kRows, int kPanels>
inline __attribute__((always_inline)) void group_dots(const std::byte* const (&panels)[kPanels], int64_t lines,
                                                      [[maybe_unused]] __m512i values, const TileRows<kRows>& x,
                                                      int64_t column, __m512i (&dots)[kRows][kPanels]) {
  if constexpr (kCodes != Codes::bytes) {
    const __m512i nibble = _mm512_set1_epi8(15);
#pragma GCC unroll 4
    for (int line = 0; line < kGroup / 8; ++line) {
#pragma GCC unroll 8
      for (int p = 0; p < kPanels; ++p) {
        const __m512i both = _mm512_loadu_si512(panels[p] + lines + line * 64);
        __m512i low = _mm512_and_si512(both, nibble);
        __m512i high = _mm512_and_si512(_mm512_srli_epi16(both, 4), nibble);
        if constexpr (kCodes == Codes::indices) {
          low = _mm512_shuffle_epi8(values, low);
          high = _mm512_shuffle_epi8(values, high);
        }
#pragma GCC unroll 12
        for (int r = 0; r < kRows; ++r) dots[r][p] = dot_broadcast(dots[r][p], low, x.row(r) + column + line * 8);
#pragma GCC unroll 12
        for (int r = 0; r < kRows; ++r) dots[r][p] = dot_broadcast(dots[r][p], high, x.row(r) + column + line * 8 + 4);
      }
    }
  } else {
#pragma GCC unroll 8
    for (int line = 0; line < kGroup / 4; ++line) {
#pragma GCC unroll 8
      for (int p = 0; p < kPanels; ++p) {
        const __m512i weights = _mm512_loadu_si512(panels[p] + lines + line * 64);
#pragma GCC unroll 12
        for (int r = 0; r < kRows; ++r) dots[r][p] = dot_broadcast(dots[r][p], weights, x.row(r) + column + line * 4);
      }
    }
  }
}

template <Codes kCodes, int kGroup, bool kIsWide, int kRows, int kPanels>
void panel_tile(const PanelMatrix& w, int64_t panel, const QuantizedRows& x, int64_t row, const ProductRows& out) {
  constexpr int kHalves = kActivationGroup / kGroup;
  const std::byte* panels[kPanels];
  for (int p = 0; p < kPanels; ++p) panels[p] = w.data + (panel + p) * w.panel_bytes();
  TileRows<kRows> rows(x.codes + row * x.columns, x.columns);
  const int64_t to_low = kIsWide ? x.low_codes - x.codes : 0;
  const ActivationScale* scales = x.scales + row * x.block_count();
  const ActivationSums* group_sums = x.sums + row * x.group_count();
  const int64_t scale_stride = x.block_count(), sum_stride = x.group_count();
  const int64_t scale_bytes = w.scale_bytes(), lines = scale_bytes * (w.has_min ? 2 : 1);
  const int64_t group_bytes = w.group_bytes();
  __m512i values = _mm512_setzero_si512();
  if constexpr (kCodes == Codes::indices) {
    values = _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w.values)));
  }
  // A zero point is a power of two, or 0 and then shifted out.
  const __m512i zero_shift = _mm512_set1_epi32(w.zero == 0 ? 32 : __builtin_ctz(static_cast<unsigned>(w.zero)));

  __m512 sums[kRows][kPanels];
  for (int r = 0; r < kRows; ++r) {
    for (int p = 0; p < kPanels; ++p) sums[r][p] = _mm512_setzero_ps();
  }
  for (int64_t group = 0; group < sum_stride; ++group) {
    if (group % (kActivationBlock / kActivationGroup) == 0 && group > 0) {
      ++scales;
#pragma GCC unroll 12
      for (int r = 0; r < kRows; ++r) {
        const __m512 ratio = _mm512_set1_ps(scales[r * scale_stride].ratio);
        for (int p = 0; p < kPanels; ++p) sums[r][p] = _mm512_mul_ps(sums[r][p], ratio);
      }
    }
    for (int half = 0; half < kHalves; ++half) {
      const auto minus_sum = [&](int r) {
        const ActivationSums& of_row = group_sums[r * sum_stride];
        return _mm512_set1_epi32(kHalves == 1 ? of_row.minus_all : of_row.minus_half[half]);
      };
      __m512i dots[kRows][kPanels];
#pragma GCC unroll 12
      for (int r = 0; r < kRows; ++r) {
        const __m512i start = kIsWide ? _mm512_setzero_si512() : _mm512_sllv_epi32(minus_sum(r), zero_shift);
        for (int p = 0; p < kPanels; ++p) dots[r][p] = start;
      }
      if constexpr (kIsWide) {
        group_dots<kCodes, kGroup>(panels, lines, values, rows, half * 16, dots);
#pragma GCC unroll 12
        for (int r = 0; r < kRows; ++r) {
          const __m512i start = _mm512_sllv_epi32(minus_sum(r), zero_shift);
          for (int p = 0; p < kPanels; ++p) dots[r][p] = _mm512_add_epi32(_mm512_slli_epi32(dots[r][p], 8), start);
        }
      }
      group_dots<kCodes, kGroup>(panels, lines, values, rows, half * 16 + to_low, dots);
#pragma GCC unroll 8
      for (int p = 0; p < kPanels; ++p) {
        const __m512 weight_scale = load_scales(panels[p], w.scale_type);
#pragma GCC unroll 12
        for (int r = 0; r < kRows; ++r) {
          sums[r][p] = _mm512_fmadd_ps(weight_scale, _mm512_cvtepi32_ps(dots[r][p]), sums[r][p]);
        }
      }
      if (w.has_min) {
#pragma GCC unroll 8
        for (int p = 0; p < kPanels; ++p) {
          const __m512 min = load_scales(panels[p] + scale_bytes, w.scale_type);
#pragma GCC unroll 12
          for (int r = 0; r < kRows; ++r) {
            const ActivationSums& of_row = group_sums[r * sum_stride];
            const float sum = kHalves == 1 ? of_row.all : of_row.half[half];
            sums[r][p] = _mm512_fmadd_ps(min, _mm512_set1_ps(sum), sums[r][p]);
          }
        }
      }
      for (int p = 0; p < kPanels; ++p) {
        for (int64_t line = 0; line < group_bytes; line += 64) {
          __builtin_prefetch(panels[p] + kPrefetchBytes + line, 0, 2);  // to the second level
        }
        panels[p] += group_bytes;
      }
    }
    rows.advance(kActivationGroup);
    ++group_sums;
  }
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r) {
    const __m512 scale = _mm512_set1_ps(scales[r * scale_stride].scale);
    for (int p = 0; p < kPanels; ++p) {
      const int64_t n = (panel + p) * kPanelRows;
      const int64_t left = w.rows - n;
      const __mmask16 mask = left >= 16 ? 0xFFFF : static_cast<__mmask16>((1u << left) - 1);
      float* target = out.values + (row + r) * out.stride + n;
      const __m512 before = out.is_added ? _mm512_maskz_loadu_ps(mask, target) : _mm512_setzero_ps();
      _mm512_mask_storeu_ps(target, mask, _mm512_fmadd_ps(sums[r][p], scale, before));
    }
  }
}

constexpr int kTileRowsMax = 8;

// Rows [row, row_end) against kPanels panels, which stay in cache from tile to tile. The last two tiles share what is
// left evenly: a tile of one row would cost almost as much as one of four.
template <Codes kCodes, int kGroup, bool kIsWide>
void panel_rows(const PanelMatrix& w, int64_t panel, const QuantizedRows& x, int64_t row, int64_t row_end,
                const ProductRows& out) {
  using Tile = decltype(&panel_tile<kCodes, kGroup, kIsWide, 1, 1>);
  static constexpr Tile kTiles[kTileRowsMax + 1] = {
      nullptr,
      panel_tile<kCodes, kGroup, kIsWide, 1, 1>,
      panel_tile<kCodes, kGroup, kIsWide, 2, 1>,
      panel_tile<kCodes, kGroup, kIsWide, 3, 1>,
      panel_tile<kCodes, kGroup, kIsWide, 4, 1>,
      panel_tile<kCodes, kGroup, kIsWide, 5, 1>,
      panel_tile<kCodes, kGroup, kIsWide, 6, 1>,
      panel_tile<kCodes, kGroup, kIsWide, 7, 1>,
      panel_tile<kCodes, kGroup, kIsWide, 8, 1>,
  };
  while (row < row_end) {
    const int64_t left = row_end - row;
    const int64_t count = left <= kTileRowsMax ? left : left < 2 * kTileRowsMax ? (left + 1) / 2 : kTileRowsMax;
    kTiles[count](w, panel, x, row, out);
    row += count;
  }
}

// Few rows make few chains of dependent dots: several panels at once hide their latency.
template <Codes kCodes, int kGroup, bool kIsWide, int kRows, int kPanels>
int64_t panel_groups(const PanelMatrix& w, int64_t panel, int64_t panel_end, const QuantizedRows& x, int64_t row,
                     const ProductRows& out) {
  for (; panel + kPanels <= panel_end; panel += kPanels) {
    panel_tile<kCodes, kGroup, kIsWide, kRows, kPanels>(w, panel, x, row, out);
  }
  return panel;
}

template <Codes kCodes, int kGroup, bool kIsWide>
void panel_gemm_of(const PanelMatrix& w, int64_t panel, int64_t panel_end, const QuantizedRows& x, int64_t row_begin,
                   int64_t row_end, const ProductRows& out) {
  switch (row_end - row_begin) {
    case 1:
      panel = panel_groups<kCodes, kGroup, kIsWide, 1, 4>(w, panel, panel_end, x, row_begin, out);
      break;
    case 2:
      panel = panel_groups<kCodes, kGroup, kIsWide, 2, 4>(w, panel, panel_end, x, row_begin, out);
      break;
    case 3:
      panel = panel_groups<kCodes, kGroup, kIsWide, 3, 2>(w, panel, panel_end, x, row_begin, out);
      break;
    case 4:
      panel = panel_groups<kCodes, kGroup, kIsWide, 4, 2>(w, panel, panel_end, x, row_begin, out);
      break;
    default:
      break;
  }
  for (; panel < panel_end; ++panel) {
    panel_rows<kCodes, kGroup, kIsWide>(w, panel, x, row_begin, row_end, out);
  }
}
