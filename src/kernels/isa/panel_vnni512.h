// Panel products with AVX-512 VNNI: u8 weight codes in registers, s8 activations broadcast four columns at a time.
// Included inside the anonymous namespace of an ISA file.
//
// A tile is kRows activation rows by kPanels panels of 16 weight rows. Within a group the products stay in int32; each
// group adds scale * dot (+ min * sum) in f32, and each activation block adds its sum times the activation scale.

inline __m512 load_scales(const std::byte* at, bool is_f16) {
  return is_f16 ? _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)))
                : _mm512_loadu_ps(reinterpret_cast<const float*>(at));
}

inline __m512i broadcast_codes(const int8_t* codes) {
  int32_t four;
  __builtin_memcpy(&four, codes, 4);
  return _mm512_set1_epi32(four);
}

template <int kRows, int kPanels>
struct PanelTile {
  const std::byte* panels[kPanels];   // next group of each panel
  const int8_t* codes[kRows];
  const float* scales[kRows];
  const int32_t* sums[kRows];
};

template <int kBits, int kGroup, int kRows, int kPanels>
inline __attribute__((always_inline)) void panel_group(const PanelMatrix& w, const PanelTile<kRows, kPanels>& tile,
                                                       int64_t column, __m512 (&sums)[kRows][kPanels]) {
  const int64_t header = w.scale_bytes() * (w.has_min ? 2 : 1);
  __m512i dots[kRows][kPanels];
  int32_t code_sums[kRows];
  for (int r = 0; r < kRows; ++r) {
    code_sums[r] = tile.sums[r][column / 16];
    if constexpr (kGroup == 32) code_sums[r] += tile.sums[r][column / 16 + 1];
    const __m512i start = _mm512_set1_epi32(-w.zero * code_sums[r]);
    for (int p = 0; p < kPanels; ++p) dots[r][p] = start;
  }
  if constexpr (kBits == 4) {
    const __m512i nibble = _mm512_set1_epi8(15);
#pragma GCC unroll 4
    for (int line = 0; line < kGroup / 8; ++line) {
      __m512i low[kPanels], high[kPanels];
      for (int p = 0; p < kPanels; ++p) {
        const __m512i both = _mm512_loadu_si512(tile.panels[p] + header + line * 64);
        low[p] = _mm512_and_si512(both, nibble);
        high[p] = _mm512_and_si512(_mm512_srli_epi16(both, 4), nibble);
      }
      for (int r = 0; r < kRows; ++r) {
        const __m512i first = broadcast_codes(tile.codes[r] + column + line * 8);
        const __m512i second = broadcast_codes(tile.codes[r] + column + line * 8 + 4);
        for (int p = 0; p < kPanels; ++p) dots[r][p] = _mm512_dpbusd_epi32(dots[r][p], low[p], first);
        for (int p = 0; p < kPanels; ++p) dots[r][p] = _mm512_dpbusd_epi32(dots[r][p], high[p], second);
      }
    }
  } else {
#pragma GCC unroll 8
    for (int line = 0; line < kGroup / 4; ++line) {
      __m512i weights[kPanels];
      for (int p = 0; p < kPanels; ++p) weights[p] = _mm512_loadu_si512(tile.panels[p] + header + line * 64);
      for (int r = 0; r < kRows; ++r) {
        const __m512i four = broadcast_codes(tile.codes[r] + column + line * 4);
        for (int p = 0; p < kPanels; ++p) dots[r][p] = _mm512_dpbusd_epi32(dots[r][p], weights[p], four);
      }
    }
  }
  for (int p = 0; p < kPanels; ++p) {
    const __m512 scale = load_scales(tile.panels[p], w.is_scale_f16);
    for (int r = 0; r < kRows; ++r) sums[r][p] = _mm512_fmadd_ps(scale, _mm512_cvtepi32_ps(dots[r][p]), sums[r][p]);
    if (w.has_min) {
      const __m512 min = load_scales(tile.panels[p] + w.scale_bytes(), w.is_scale_f16);
      for (int r = 0; r < kRows; ++r) {
        sums[r][p] = _mm512_fmadd_ps(min, _mm512_set1_ps(static_cast<float>(code_sums[r])), sums[r][p]);
      }
    }
  }
}

template <int kBits, int kGroup, int kRows, int kPanels>
void panel_tile(const PanelMatrix& w, int64_t panel, const QuantizedRows& x, int64_t row, float* out,
                int64_t out_stride) {
  PanelTile<kRows, kPanels> tile;
  for (int p = 0; p < kPanels; ++p) tile.panels[p] = w.data + (panel + p) * w.panel_bytes();
  for (int r = 0; r < kRows; ++r) {
    tile.codes[r] = x.codes + (row + r) * x.columns;
    tile.scales[r] = x.scales + (row + r) * x.block_count();
    tile.sums[r] = x.sums + (row + r) * x.sum_count();
  }
  alignas(64) float totals[kRows][kPanels * 16];
  for (int r = 0; r < kRows; ++r) {
    for (int p = 0; p < kPanels; ++p) _mm512_store_ps(totals[r] + p * 16, _mm512_setzero_ps());
  }
  const int64_t group_bytes = w.group_bytes();
  for (int64_t block = 0; block < x.block_count(); ++block) {
    const int64_t begin = block * kActivationBlock;
    const int64_t end = w.columns < begin + kActivationBlock ? w.columns : begin + kActivationBlock;
    __m512 sums[kRows][kPanels];
    for (int r = 0; r < kRows; ++r) {
      for (int p = 0; p < kPanels; ++p) sums[r][p] = _mm512_setzero_ps();
    }
    for (int64_t column = begin; column < end; column += kGroup) {
      panel_group<kBits, kGroup, kRows, kPanels>(w, tile, column, sums);
      for (int p = 0; p < kPanels; ++p) tile.panels[p] += group_bytes;
    }
    for (int r = 0; r < kRows; ++r) {
      const __m512 scale = _mm512_set1_ps(tile.scales[r][block]);
      for (int p = 0; p < kPanels; ++p) {
        float* total = totals[r] + p * 16;
        _mm512_store_ps(total, _mm512_fmadd_ps(scale, sums[r][p], _mm512_load_ps(total)));
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int p = 0; p < kPanels; ++p) {
      const int64_t n = (panel + p) * kPanelRows;
      const int64_t left = w.rows - n;
      const __mmask16 mask = left >= 16 ? 0xFFFF : static_cast<__mmask16>((1u << left) - 1);
      _mm512_mask_storeu_ps(out + (row + r) * out_stride + n, mask, _mm512_load_ps(totals[r] + p * 16));
    }
  }
}

// All rows of the range against kPanels panels; the panels stay in cache from row tile to row tile.
template <int kBits, int kGroup, int kPanels>
void panel_rows(const PanelMatrix& w, int64_t panel, const QuantizedRows& x, int64_t row, int64_t row_end, float* out,
                int64_t out_stride) {
  for (; row + 4 <= row_end; row += 4) panel_tile<kBits, kGroup, 4, kPanels>(w, panel, x, row, out, out_stride);
  switch (row_end - row) {
    case 3: return panel_tile<kBits, kGroup, 3, kPanels>(w, panel, x, row, out, out_stride);
    case 2: return panel_tile<kBits, kGroup, 2, kPanels>(w, panel, x, row, out, out_stride);
    case 1: return panel_tile<kBits, kGroup, 1, kPanels>(w, panel, x, row, out, out_stride);
    default: return;
  }
}

template <int kBits, int kGroup>
void panel_gemm_of(const PanelMatrix& w, int64_t panel, int64_t panel_end, const QuantizedRows& x, int64_t row_begin,
                   int64_t row_end, float* out, int64_t out_stride) {
  for (; panel + 2 <= panel_end; panel += 2) {
    panel_rows<kBits, kGroup, 2>(w, panel, x, row_begin, row_end, out, out_stride);
  }
  if (panel < panel_end) panel_rows<kBits, kGroup, 1>(w, panel, x, row_begin, row_end, out, out_stride);
}

void panel_gemm(const PanelMatrix& w, int64_t panel_begin, int64_t panel_end, const QuantizedRows& x, int64_t row_begin,
                int64_t row_end, float* out, int64_t out_stride) noexcept {
  const auto run = w.bits == 4 ? (w.group == 32 ? panel_gemm_of<4, 32> : panel_gemm_of<4, 16>)
                               : (w.group == 32 ? panel_gemm_of<8, 32> : panel_gemm_of<8, 16>);
  run(w, panel_begin, panel_end, x, row_begin, row_end, out, out_stride);
}
