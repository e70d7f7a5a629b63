// Panel products on AMX tiles in bf16: two panels at a time are turned into tiles, and all rows of activations pass
// over them. Columns are taken in stretches, so that the activations of one stretch stay in the second-level cache.
// Included inside the anonymous namespace of an ISA file, after amx_tiles.h.
//
// Registers: tiles 0..3 hold sums (2 x 2 of 16 rows x 16 outputs), 4 and 5 activations, 6 and 7 weights. The sums go
// straight to and from `out`.

constexpr int64_t kTileValues = RowTiles::kRows * RowTiles::kColumns;
constexpr int64_t kStretchTiles = 48;  // at most 1,536 columns: 96 KiB of weights, 1.5 MiB of 512 rows

// Two f32 vectors to the bf16 pairs of a tile row: lane n is (low[n], high[n]).
inline __m512i pair_bf16(__m512 low, __m512 high) {
  const __m512i interleave = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22,
                                              6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(interleave, (__m512i)_mm512_cvtne2ps_pbh(high, low));
}

// The codes of one group, 16 or 32 columns, as rows of a tile: row k / 2 holds columns k and k + 1 of 16 weight rows.
template <int kBits, int kGroup>
inline void unpack_group(const std::byte* lines, __m512 scale, __m512 offset, uint16_t* tile) {
  if constexpr (kBits == 4) {
    const __m512 values = _mm512_set_ps(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
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
template <int kBits, int kGroup>
inline void unpack_tile(const PanelMatrix& w, const std::byte* group, uint16_t* tile) {
  for (int part = 0; part < RowTiles::kColumns / kGroup; ++part, group += w.group_bytes()) {
    const int64_t scale_bytes = w.scale_bytes();
    const __m512 scale = load_scales(group, w.is_scale_f16);
    __m512 offset = _mm512_mul_ps(scale, _mm512_set1_ps(static_cast<float>(-w.zero)));
    if (w.has_min) offset = _mm512_add_ps(offset, load_scales(group + scale_bytes, w.is_scale_f16));
    unpack_group<kBits, kGroup>(group + scale_bytes * (w.has_min ? 2 : 1), scale, offset,
                                tile + part * (kGroup / 2) * 32);
  }
}

// One step of columns: kRowTiles x kPanels tiles of sums. a and b: 32 columns.
template <int kRowTiles, int kPanels>
inline __attribute__((always_inline)) void multiply_tiles(const uint16_t* a, int64_t a_stride, const uint16_t* b,
                                                          int64_t b_stride) {
  _tile_loadd(6, b, 64);
  _tile_loadd(4, a, 64);
  _tile_dpbf16ps(0, 4, 6);
  if constexpr (kPanels == 2) {
    _tile_loadd(7, b + b_stride, 64);
    _tile_dpbf16ps(1, 4, 7);
  }
  if constexpr (kRowTiles == 2) {
    _tile_loadd(5, a + a_stride, 64);
    _tile_dpbf16ps(2, 5, 6);
    if constexpr (kPanels == 2) _tile_dpbf16ps(3, 5, 7);
  }
}

// Adds (or writes, when first) a tile's sums to the rows and outputs of `out` that exist.
inline void add_partial(const float* sums, float* out, int64_t out_stride, int64_t rows, int64_t outputs,
                        bool is_first) {
  const __mmask16 mask = outputs >= 16 ? 0xFFFF : static_cast<__mmask16>((1u << outputs) - 1);
  for (int64_t r = 0; r < rows && r < RowTiles::kRows; ++r) {
    __m512 sum = _mm512_loadu_ps(sums + r * 16);
    if (!is_first) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, out + r * out_stride));
    _mm512_mask_storeu_ps(out + r * out_stride, mask, sum);
  }
}

// kPanels panels over one stretch of columns against all rows. The first rows' pass unpacks the weights as it goes, one
// step ahead of the products: the vector units and the matrix unit then work at the same time.
template <int kBits, int kGroup, int kPanels>
struct Stretch {
  static constexpr int64_t kWeightStride = kStretchTiles * kTileValues;

  const PanelMatrix& w;
  const RowTiles& x;
  const ProductRows& out;
  int64_t panel, first_tile, count;
  uint16_t* tiles;  // [kPanels][kStretchTiles]
  NextWeights next;

  int64_t a_stride() const { return x.columns / RowTiles::kColumns * kTileValues; }

  void unpack(int64_t k) const {
    const int64_t tile_bytes = RowTiles::kColumns / kGroup * w.group_bytes();
    for (int p = 0; p < kPanels; ++p) {
      const std::byte* group = w.data + (panel + p) * w.panel_bytes() + (first_tile + k) * tile_bytes;
      unpack_tile<kBits, kGroup>(w, group, tiles + p * kWeightStride + k * kTileValues);
    }
    memory_fence();
  }

  template <int kRowTiles, bool kUnpacks>
  void multiply(const uint16_t* a) {
    for (int64_t k = 0; k < count; ++k) {
      if constexpr (kUnpacks) {
        if (k + 1 < count) unpack(k + 1);
      }
      next.prefetch();
      multiply_tiles<kRowTiles, kPanels>(a + k * kTileValues, a_stride(), tiles + k * kTileValues, kWeightStride);
    }
  }

  // Rows of kRowTiles tiles from `tile` on.
  template <int kRowTiles, bool kUnpacks>
  void run_rows(int64_t tile) {
    const bool is_first = first_tile == 0 && !out.is_added;
    const int64_t stride = out.stride, stride_bytes = stride * static_cast<int64_t>(sizeof(float));
    const uint16_t* a = x.values + tile * a_stride() + first_tile * kTileValues;
    const int64_t row = tile * RowTiles::kRows, left = x.rows - row, outputs = w.rows - panel * kPanelRows;
    float* target = out.values + row * stride + panel * kPanelRows;
    const bool is_whole = left >= kRowTiles * RowTiles::kRows && outputs >= kPanels * kPanelRows;
    if (is_whole && !is_first) {
      _tile_loadd(0, target, stride_bytes);
      if constexpr (kPanels == 2) _tile_loadd(1, target + 16, stride_bytes);
      if constexpr (kRowTiles == 2) _tile_loadd(2, target + 16 * stride, stride_bytes);
      if constexpr (kRowTiles == 2 && kPanels == 2) _tile_loadd(3, target + 16 * stride + 16, stride_bytes);
    } else {
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
    }
    if constexpr (kUnpacks) unpack(0);
    multiply<kRowTiles, kUnpacks>(a);
    if (is_whole) {
      _tile_stored(0, target, stride_bytes);
      if constexpr (kPanels == 2) _tile_stored(1, target + 16, stride_bytes);
      if constexpr (kRowTiles == 2) _tile_stored(2, target + 16 * stride, stride_bytes);
      if constexpr (kRowTiles == 2 && kPanels == 2) _tile_stored(3, target + 16 * stride + 16, stride_bytes);
      return;
    }
    alignas(64) float partial[4][16 * 16];
    _tile_stored(0, partial[0], 64);
    _tile_stored(1, partial[1], 64);
    _tile_stored(2, partial[2], 64);
    _tile_stored(3, partial[3], 64);
    memory_fence();
    for (int t = 0; t < kRowTiles; ++t) {
      for (int p = 0; p < kPanels; ++p) {
        add_partial(partial[2 * t + p], target + t * 16 * stride + p * 16, stride, left - t * 16, outputs - p * 16,
                    is_first);
      }
    }
    memory_fence();
  }

  void run() {
    const int64_t row_tiles = RowTiles::tile_count(x.rows);
    if (row_tiles == 1) return run_rows<1, true>(0);
    run_rows<2, true>(0);
    int64_t tile = 2;
    for (; tile + 2 <= row_tiles; tile += 2) run_rows<2, false>(tile);
    if (tile < row_tiles) run_rows<1, false>(tile);
  }
};

template <int kBits, int kGroup>
void tile_gemm_of(const PanelMatrix& w, int64_t panel_begin, int64_t panel_end, const RowTiles& x,
                  const ProductRows& out) {
  alignas(64) uint16_t tiles[2 * kStretchTiles * kTileValues];
  const int64_t tile_bytes = RowTiles::kColumns / kGroup * w.group_bytes();
  const int64_t column_tiles = w.columns / RowTiles::kColumns;
  const int64_t stretches = (column_tiles + kStretchTiles - 1) / kStretchTiles;
  for (int64_t stretch = 0; stretch < stretches; ++stretch) {
    const int64_t first = column_tiles * stretch / stretches;
    const int64_t count = column_tiles * (stretch + 1) / stretches - first;
    for (int64_t panel = panel_begin; panel < panel_end; panel += 2) {
      const int64_t steps = (RowTiles::tile_count(x.rows) + 1) / 2 * count;
      const NextWeights next(w, panel + 2, first * tile_bytes, count * tile_bytes, steps);
      if (panel + 2 <= panel_end) {
        Stretch<kBits, kGroup, 2>{w, x, out, panel, first, count, tiles, next}.run();
      } else {
        Stretch<kBits, kGroup, 1>{w, x, out, panel, first, count, tiles, next}.run();
      }
    }
  }
}

void tile_gemm(const PanelMatrix& w, int64_t panel_begin, int64_t panel_end, const RowTiles& x,
               const ProductRows& out) noexcept {
  TileConfig config;
  for (int tile = 0; tile < 8; ++tile) config.set(tile, 16);
  config.load();
  const auto run = w.bits == 4 ? (w.group == 32 ? tile_gemm_of<4, 32> : tile_gemm_of<4, 16>)
                               : (w.group == 32 ? tile_gemm_of<8, 32> : tile_gemm_of<8, 16>);
  run(w, panel_begin, panel_end, x, out);
  _tile_release();
}

void make_row_tiles(const float* x, int64_t row_count, int64_t row_stride, int64_t columns, uint16_t* tiles) noexcept {
  for (int64_t k = 0; k < columns; k += RowTiles::kColumns) {
    for (int64_t r = 0; r < RowTiles::kRows; ++r, tiles += RowTiles::kColumns) {
      const float* at = x + r * row_stride + k;
      const __m512i values = r < row_count ? (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(at + 16), _mm512_loadu_ps(at))
                                           : _mm512_setzero_si512();
      _mm512_storeu_si512(tiles, values);
    }
  }
}
