// Panel products with AVX-512 VNNI: u8 weight codes in registers, s8 activations broadcast four columns at a time.
// Included inside the anonymous namespace of an ISA file.
//
// A tile is kRows activation rows by kPanels panels of 16 weight rows. Within a group the products of codes stay in
// int32; each group then adds scale * dot times the activation's scale, and min times the activation's sum. A zero
// point is a minimum of -zero * scale, so symmetric weights cost the same two FMAs.

inline __m512 load_scales(const std::byte* at, bool is_f16) {
  return is_f16 ? _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)))
                : _mm512_loadu_ps(reinterpret_cast<const float*>(at));
}

inline __m512i broadcast_codes(const int8_t* codes) {
  int32_t four;
  __builtin_memcpy(&four, codes, 4);
  return _mm512_set1_epi32(four);
}

// Integer dots of one group: dots[r][p] = sum of w codes * x codes. Rows of x are code_stride apart.
template <int kBits, int kGroup, int kRows, int kPanels>
inline __attribute__((always_inline)) void group_dots(const std::byte* const (&panels)[kPanels], int64_t lines,
                                                      const int8_t* codes, int64_t code_stride,
                                                      __m512i (&dots)[kRows][kPanels]) {
  for (int r = 0; r < kRows; ++r) {
    for (int p = 0; p < kPanels; ++p) dots[r][p] = _mm512_setzero_si512();
  }
  if constexpr (kBits == 4) {
    const __m512i nibble = _mm512_set1_epi8(15);
#pragma GCC unroll 4
    for (int line = 0; line < kGroup / 8; ++line) {
      __m512i low[kPanels], high[kPanels];
      for (int p = 0; p < kPanels; ++p) {
        const __m512i both = _mm512_loadu_si512(panels[p] + lines + line * 64);
        low[p] = _mm512_and_si512(both, nibble);
        high[p] = _mm512_and_si512(_mm512_srli_epi16(both, 4), nibble);
      }
      for (int r = 0; r < kRows; ++r) {
        const __m512i first = broadcast_codes(codes + r * code_stride + line * 8);
        for (int p = 0; p < kPanels; ++p) dots[r][p] = _mm512_dpbusd_epi32(dots[r][p], low[p], first);
      }
      for (int r = 0; r < kRows; ++r) {
        const __m512i second = broadcast_codes(codes + r * code_stride + line * 8 + 4);
        for (int p = 0; p < kPanels; ++p) dots[r][p] = _mm512_dpbusd_epi32(dots[r][p], high[p], second);
      }
    }
  } else {
#pragma GCC unroll 8
    for (int line = 0; line < kGroup / 4; ++line) {
      __m512i weights[kPanels];
      for (int p = 0; p < kPanels; ++p) weights[p] = _mm512_loadu_si512(panels[p] + lines + line * 64);
      for (int r = 0; r < kRows; ++r) {
        const __m512i four = broadcast_codes(codes + r * code_stride + line * 4);
        for (int p = 0; p < kPanels; ++p) dots[r][p] = _mm512_dpbusd_epi32(dots[r][p], weights[p], four);
      }
    }
  }
}

// What a tile reads of its activation rows, moved on block by block.
struct TileRows {
  const int8_t* codes;
  const int8_t* low_codes;
  int64_t code_stride;
  const float* blocks;   // ActivationBlock as four floats
  int64_t block_stride;  // in floats
};

// Adds one group, `offset` bytes into its panels, to the sums; `half` is 1 for the upper 16 columns of a block.
template <int kBits, int kGroup, bool kIsWide, int kRows, int kPanels>
inline __attribute__((always_inline)) void add_group(const PanelMatrix& w, const std::byte* const (&panels)[kPanels],
                                                     int64_t offset, const TileRows& x, int half,
                                                     __m512 (&sums)[kRows][kPanels]) {
  const int64_t scale_bytes = w.scale_bytes();
  const int64_t lines = offset + scale_bytes * (w.has_min ? 2 : 1);
  __m512i dots[kRows][kPanels];
  __m512 values[kRows][kPanels];
  group_dots<kBits, kGroup>(panels, lines, x.codes + half * 16, x.code_stride, dots);
  for (int r = 0; r < kRows; ++r) {
    for (int p = 0; p < kPanels; ++p) values[r][p] = _mm512_cvtepi32_ps(dots[r][p]);
  }
  if constexpr (kIsWide) {
    const __m512 step = _mm512_set1_ps(1 / kLowCodeSteps);
    group_dots<kBits, kGroup>(panels, lines, x.low_codes + half * 16, x.code_stride, dots);
    for (int r = 0; r < kRows; ++r) {
      for (int p = 0; p < kPanels; ++p) {
        values[r][p] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dots[r][p]), step, values[r][p]);
      }
    }
  }
  const float* sum = x.blocks + (kGroup == 32 ? 1 : 2 + half);
  for (int p = 0; p < kPanels; ++p) {
    const __m512 weight_scale = load_scales(panels[p] + offset, w.is_scale_f16);
    const __m512 min = w.has_min ? load_scales(panels[p] + offset + scale_bytes, w.is_scale_f16)
                                 : _mm512_mul_ps(weight_scale, _mm512_set1_ps(static_cast<float>(-w.zero)));
    for (int r = 0; r < kRows; ++r) {
      const __m512 product = _mm512_mul_ps(weight_scale, values[r][p]);
      sums[r][p] = _mm512_fmadd_ps(product, _mm512_set1_ps(x.blocks[r * x.block_stride]), sums[r][p]);
      sums[r][p] = _mm512_fmadd_ps(min, _mm512_set1_ps(sum[r * x.block_stride]), sums[r][p]);
    }
  }
}

template <int kBits, int kGroup, bool kIsWide, int kRows, int kPanels>
void panel_tile(const PanelMatrix& w, int64_t panel, const QuantizedRows& x, int64_t row, float* out,
                int64_t out_stride) {
  const std::byte* panels[kPanels];
  for (int p = 0; p < kPanels; ++p) panels[p] = w.data + (panel + p) * w.panel_bytes();
  TileRows rows = {.codes = x.codes + row * x.columns,
                   .low_codes = kIsWide ? x.low_codes + row * x.columns : nullptr,
                   .code_stride = x.columns,
                   .blocks = &x.blocks[row * x.block_count()].scale,
                   .block_stride = x.block_count() * 4};
  const int64_t group_bytes = w.group_bytes();
  __m512 sums[kRows][kPanels];
  for (int r = 0; r < kRows; ++r) {
    for (int p = 0; p < kPanels; ++p) sums[r][p] = _mm512_setzero_ps();
  }
  int64_t offset = 0;
  for (int64_t block = 0; block < x.block_count(); ++block) {
    for (int half = 0; half < kActivationBlock / kGroup; ++half, offset += group_bytes) {
      add_group<kBits, kGroup, kIsWide>(w, panels, offset, rows, half, sums);
    }
    rows.codes += kActivationBlock;
    if constexpr (kIsWide) rows.low_codes += kActivationBlock;
    rows.blocks += 4;
  }
  for (int r = 0; r < kRows; ++r) {
    for (int p = 0; p < kPanels; ++p) {
      const int64_t n = (panel + p) * kPanelRows;
      const int64_t left = w.rows - n;
      const __mmask16 mask = left >= 16 ? 0xFFFF : static_cast<__mmask16>((1u << left) - 1);
      _mm512_mask_storeu_ps(out + (row + r) * out_stride + n, mask, sums[r][p]);
    }
  }
}

// All rows of the range against kPanels panels; the panels stay in cache from row tile to row tile.
template <int kBits, int kGroup, bool kIsWide, int kPanels>
void panel_rows(const PanelMatrix& w, int64_t panel, const QuantizedRows& x, int64_t row, int64_t row_end, float* out,
                int64_t out_stride) {
  for (; row + 4 <= row_end; row += 4)
    panel_tile<kBits, kGroup, kIsWide, 4, kPanels>(w, panel, x, row, out, out_stride);
  switch (row_end - row) {
    case 3:
      return panel_tile<kBits, kGroup, kIsWide, 3, kPanels>(w, panel, x, row, out, out_stride);
    case 2:
      return panel_tile<kBits, kGroup, kIsWide, 2, kPanels>(w, panel, x, row, out, out_stride);
    case 1:
      return panel_tile<kBits, kGroup, kIsWide, 1, kPanels>(w, panel, x, row, out, out_stride);
    default:
      return;
  }
}

template <int kBits, int kGroup, bool kIsWide>
void panel_gemm_of(const PanelMatrix& w, int64_t panel, int64_t panel_end, const QuantizedRows& x, int64_t row_begin,
                   int64_t row_end, float* out, int64_t out_stride) {
  if (row_end - row_begin == 1) {  // one row is a chain of dependent dots: more panels hide its latency
    for (; panel + 4 <= panel_end; panel += 4) {
      panel_tile<kBits, kGroup, kIsWide, 1, 4>(w, panel, x, row_begin, out, out_stride);
    }
  }
  for (; panel + 2 <= panel_end; panel += 2) {
    panel_rows<kBits, kGroup, kIsWide, 2>(w, panel, x, row_begin, row_end, out, out_stride);
  }
  if (panel < panel_end) panel_rows<kBits, kGroup, kIsWide, 1>(w, panel, x, row_begin, row_end, out, out_stride);
}
