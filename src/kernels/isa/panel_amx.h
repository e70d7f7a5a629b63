// Panel products on AMX tiles in bf16: packed weights are decoded and rounded to bf16 on the way. Included inside the
// anonymous namespace of an ISA file, after tile_stretch_amx.h.

// Two f32 vectors to the bf16 pairs of a tile row: lane n is (low[n], high[n]).
inline __m512i pair_bf16(__m512 low, __m512 high) {
  const __m512i interleave = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22,
                                              6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(interleave, (__m512i)_mm512_cvtne2ps_pbh(high, low));
}

// The codes of one group, 16 or 32 columns, as rows of a tile: row k / 2 holds columns k and k + 1 of 16 weight rows.
template <Codes kCodes, int kGroup>
inline void unpack_group(const std::byte* lines, const uint8_t* values_of, __m512 scale, __m512 offset,
                         uint16_t* tile) {
  if constexpr (kCodes != Codes::bytes) {
    __m512 values = _mm512_set_ps(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    if constexpr (kCodes == Codes::indices) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(values_of));
      values = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
    }
#pragma GCC unroll 4
    for (int line = 0; line < kGroup / 8; ++line, tile += 4 * 32) {
      const __m512i codes = _mm512_loadu_si512(lines + line * 64);
      // The permutation looks at the lowest four bits of a lane only.
      const auto column = [&](unsigned shift) {
        return _mm512_fmadd_ps(_mm512_permutexvar_ps(_mm512_srli_epi32(codes, shift), values), scale, offset);
      };
      _mm512_storeu_si512(tile, pair_bf16(column(0), column(8)));
      _mm512_storeu_si512(tile + 32, pair_bf16(column(16), column(24)));
      _mm512_storeu_si512(tile + 64, pair_bf16(column(4), column(12)));
      _mm512_storeu_si512(tile + 96, pair_bf16(column(20), column(28)));
    }
  } else {
    const __m512i byte = _mm512_set1_epi32(255);
#pragma GCC unroll 4
    for (int line = 0; line < kGroup / 4; ++line, tile += 2 * 32) {
      const __m512i codes = _mm512_loadu_si512(lines + line * 64);
      const auto column = [&](unsigned shift) {
        const __m512i code = _mm512_and_si512(_mm512_srli_epi32(codes, shift), byte);
        return _mm512_fmadd_ps(_mm512_cvtepi32_ps(code), scale, offset);
      };
      _mm512_storeu_si512(tile, pair_bf16(column(0), column(8)));
      _mm512_storeu_si512(tile + 32, pair_bf16(column(16), column(24)));
    }
  }
}

// 32 columns of one panel.
template <Codes kCodes, int kGroup>
inline void unpack_tile(const PanelMatrix& w, const std::byte* group, uint16_t* tile) {
  for (int part = 0; part < RowTiles::kColumns / kGroup; ++part, group += w.group_bytes()) {
    const int64_t scale_bytes = w.scale_bytes();
    const __m512 scale = load_scales(group, w.scale_type);
    __m512 offset = _mm512_mul_ps(scale, _mm512_set1_ps(static_cast<float>(-w.zero)));
    if (w.has_min) offset = _mm512_add_ps(offset, load_scales(group + scale_bytes, w.scale_type));
    unpack_group<kCodes, kGroup>(group + scale_bytes * (w.has_min ? 2 : 1), w.values, scale, offset,
                                 tile + part * (kGroup / 2) * 32);
  }
}

template <Codes kCodes, int kGroup>
struct PackedTiles {
  static constexpr int kPlanes = 1;
  using Next = NextWeights;

  const PanelMatrix& w;
  int64_t rows = w.rows;

  static int64_t tile_bytes(const PanelMatrix& w) { return RowTiles::kColumns / kGroup * w.group_bytes(); }
  void unpack(int64_t panel, int64_t tile, uint16_t* tiles) const {
    unpack_tile<kCodes, kGroup>(w, w.data + panel * w.panel_bytes() + tile * tile_bytes(w), tiles);
  }
  Next next(int64_t panel, int64_t first, int64_t count, int64_t steps) const {
    return Next(w, panel, first * tile_bytes(w), count * tile_bytes(w), steps);
  }
};

template <Codes kCodes, int kGroup>
void tile_gemm_of(const PanelMatrix& w, int64_t panel_begin, int64_t panel_end, const RowTiles& x,
                  const ProductRows& out) {
  multiply_panels(PackedTiles<kCodes, kGroup>{w}, panel_begin, panel_end, x, out);
}

void tile_gemm(const PanelMatrix& w, int64_t panel_begin, int64_t panel_end, const RowTiles& x,
               const ProductRows& out) noexcept {
  const TileUse use;
  const bool is_whole = w.group == 32;
  const auto run = w.codes() == Codes::indices ? tile_gemm_of<Codes::indices, 32>
                   : w.codes() == Codes::nibbles
                       ? (is_whole ? tile_gemm_of<Codes::nibbles, 32> : tile_gemm_of<Codes::nibbles, 16>)
                   : is_whole ? tile_gemm_of<Codes::bytes, 32>
                              : tile_gemm_of<Codes::bytes, 16>;
  run(w, panel_begin, panel_end, x, out);
}
