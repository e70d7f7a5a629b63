// Products of rows of 8-bit floats on AMX tiles in bf16. What a block of columns sums to is multiplied with its factors
// when it leaves the tiles, so that products stay exact. Included inside the anonymous namespace of an ISA file, after
// tile_stretch_amx.h, dense_tiles512.h and f8_codes512.h.

// 16 rows of 32 codes to one tile of pairs.
struct F8Tiles {
  static constexpr int kPlanes = 1;
  using Next = NextRows;

  const F8Rows& w;
  const F8Codes codes;

  NextRows next(int64_t panel, int64_t first, int64_t count, int64_t steps) const {
    const int64_t left = w.rows - panel * kPanelRows, rows = left < 2 * kPanelRows ? left : 2 * kPanelRows;
    if (left <= 0) return {};
    const int64_t row_lines = (count * RowTiles::kColumns + 63) / 64;
    return {.row = w.codes + panel * kPanelRows * w.stride_bytes + first * RowTiles::kColumns,
            .stride_bytes = w.stride_bytes,
            .row_lines = row_lines,
            .rows = rows,
            .lines = (rows * row_lines + steps - 1) / steps};
  }

  void unpack(int64_t panel, int64_t tile, uint16_t* target) const {
    const int64_t first = panel * kPanelRows, left = w.rows - first;
    const std::byte* at = w.codes + first * w.stride_bytes + tile * RowTiles::kColumns;
    if (left >= kPanelRows) return unpack_rows(at, w.stride_bytes, target);
    alignas(64) std::byte rows[kPanelRows][RowTiles::kColumns];
    for (int64_t r = 0; r < kPanelRows; ++r, at += w.stride_bytes) {
      const __m256i row = r < left ? _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)) : _mm256_setzero_si256();
      _mm256_store_si256(reinterpret_cast<__m256i*>(rows[r]), row);
    }
    unpack_rows(rows[0], RowTiles::kColumns, target);
  }

  // A lane has pairs of every fourth row: first beside those of the next rows, then two pairs of four rows each.
  void unpack_rows(const std::byte* rows, int64_t stride_bytes, uint16_t* target) const {
#pragma GCC unroll 2
    for (int chunk = 0; chunk < 2; ++chunk) {
      const __m512i a = load_quarters(rows, stride_bytes, 0, chunk), b = load_quarters(rows, stride_bytes, 1, chunk);
      const __m512i c = load_quarters(rows, stride_bytes, 2, chunk), d = load_quarters(rows, stride_bytes, 3, chunk);
      const __m512i ab[2] = {_mm512_unpacklo_epi16(a, b), _mm512_unpackhi_epi16(a, b)};
      const __m512i cd[2] = {_mm512_unpacklo_epi16(c, d), _mm512_unpackhi_epi16(c, d)};
      for (int half = 0; half < 2; ++half) {
        const __m512i fours[2] = {_mm512_unpacklo_epi32(ab[half], cd[half]), _mm512_unpackhi_epi32(ab[half], cd[half])};
        for (const __m512i four : fours) {
          __m512i pairs[2];
          codes.to_bf16(four, pairs);
          _mm512_storeu_si512(target, pairs[0]);
          _mm512_storeu_si512(target + 32, pairs[1]);
          target += 64;
        }
      }
    }
  }

  // The factors of a panel's rows, whose last ones may be missing, in a block of columns.
  __m512 scales(int64_t panel, int64_t block) const {
    const float* const at = w.scales + block * w.scale_stride;
    if (w.scale_rows == kPanelRows) return _mm512_set1_ps(at[panel]);
    const int64_t left = w.rows - panel * kPanelRows;
    const __mmask16 mask = left >= kPanelRows ? 0xFFFF : static_cast<__mmask16>((1u << left) - 1);
    return _mm512_maskz_loadu_ps(mask, at + panel * kPanelRows);
  }
};

// kPanels panels over one stretch of columns against all rows, as in tile_stretch_amx.h; but a stretch is blocks of
// columns with factors of their own.
template <int kPanels>
struct F8Stretch {
  const F8Tiles& w;
  const RowTiles& x;
  const ProductRows& out;
  int64_t panel, first_tile, count;
  int64_t block_tiles;
  uint16_t* tiles;  // [kPanels][kStretchTiles]
  NextRows next;

  int64_t a_stride() const { return x.columns / RowTiles::kColumns * kTileValues; }

  void unpack(int64_t k) const {
    for (int p = 0; p < kPanels; ++p) {
      w.unpack(panel + p, first_tile + k, tiles + (p * kStretchTiles + k) * kTileValues);
    }
    memory_fence();
  }

  // Sums of up to 2 x 2 tiles: those of a block as they leave the tiles, and of all blocks so far.
  using Sums = float[4][16 * 16];

  // A block's sums on their way to those of the stretch, one tile at a time.
  struct Block {
    const float (*sums)[16 * 16] = nullptr;
    __m512 scales[kPanels] = {};
    bool is_first = false;
    int tile = 0;

    template <int kRowTiles>
    void add_tile(float (*totals)[16 * 16]) {
      constexpr int kCount = kRowTiles * kPanels;
      if (sums == nullptr || tile == kCount) return;
      const int panel = tile % kPanels, at = tile / kPanels * 2 + panel;
      const float* const from = sums[at];
      float* const to = totals[at];
#pragma GCC unroll 16
      for (int r = 0; r < 16; ++r) {
        const __m512 sum = _mm512_load_ps(from + 16 * r);
        _mm512_store_ps(to + 16 * r, is_first ? _mm512_mul_ps(sum, scales[panel])
                                              : _mm512_fmadd_ps(sum, scales[panel], _mm512_load_ps(to + 16 * r)));
      }
      ++tile;
    }
  };

  template <int kRowTiles, bool kUnpacks>
  void run_rows(int64_t tile) {
    const uint16_t* const a = x.values + tile * a_stride() + first_tile * kTileValues;
    alignas(64) Sums sums[2], totals;
    Block before;  // what is added while the matrix unit is busy with the next one
    if constexpr (kUnpacks) unpack(0);
    for (int64_t begin = 0, turn = 0; begin < count; ++turn) {
      const int64_t block = (first_tile + begin) / block_tiles;
      const int64_t block_end = (block + 1) * block_tiles - first_tile, end = block_end < count ? block_end : count;
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
      for (int64_t k = begin; k < end; ++k) {
        if constexpr (kUnpacks) {
          if (k + 1 < count) unpack(k + 1);
        }
        next.prefetch();
        multiply_tiles<kRowTiles, kPanels, 1>(a + k * kTileValues, a_stride(), tiles + k * kTileValues,
                                              kStretchTiles * kTileValues);
        before.template add_tile<kRowTiles>(totals);
      }
      for (int t = 0; t < kRowTiles * kPanels; ++t) before.template add_tile<kRowTiles>(totals);
      Sums& to = sums[turn % 2];
      _tile_stored(0, to[0], 64);
      if constexpr (kPanels == 2) _tile_stored(1, to[1], 64);
      if constexpr (kRowTiles == 2) _tile_stored(2, to[2], 64);
      if constexpr (kRowTiles == 2 && kPanels == 2) _tile_stored(3, to[3], 64);
      memory_fence();
      before.sums = to;
      before.is_first = begin == 0;
      before.tile = 0;
      for (int p = 0; p < kPanels; ++p) before.scales[p] = w.scales(panel + p, block);
      begin = end;
    }
    for (int t = 0; t < kRowTiles * kPanels; ++t) before.template add_tile<kRowTiles>(totals);
    const int64_t row = tile * RowTiles::kRows, outputs = w.w.rows - panel * kPanelRows;
    float* const target = out.values + row * out.stride + panel * kPanelRows;
    for (int t = 0; t < kRowTiles; ++t) {
      for (int p = 0; p < kPanels; ++p) {
        add_partial(totals[2 * t + p], target + t * 16 * out.stride + p * 16, out.stride, x.rows - row - t * 16,
                    outputs - p * 16, first_tile == 0 && !out.is_added);
      }
    }
    memory_fence();
  }

  void run() { run_row_tiles(*this, RowTiles::tile_count(x.rows)); }
};

void f8_tile_gemm(const F8Rows& w, const RowTiles& x, const ProductRows& out) noexcept {
  const TileUse use;
  const F8Tiles weights{w, {}};
  alignas(64) uint16_t tiles[2 * kStretchTiles * kTileValues];
  const int64_t column_tiles = x.columns / RowTiles::kColumns, panels = (w.rows + kPanelRows - 1) / kPanelRows;
  const int64_t block_tiles = w.scale_columns < x.columns ? w.scale_columns / RowTiles::kColumns : column_tiles;
  // Stretches of about equal size, and of whole blocks where those are smaller.
  const int64_t stretches = (column_tiles + kStretchTiles - 1) / kStretchTiles;
  const int64_t least = (column_tiles + stretches - 1) / stretches;
  const int64_t whole = (least + block_tiles - 1) / block_tiles * block_tiles;
  const int64_t step = whole <= kStretchTiles ? whole : least;
  for (int64_t first = 0; first < column_tiles; first += step) {
    const int64_t count = column_tiles - first < step ? column_tiles - first : step;
    for (int64_t panel = 0; panel < panels; panel += 2) {
      const int64_t steps = (RowTiles::tile_count(x.rows) + 1) / 2 * count;
      const NextRows next = weights.next(panel + 2, first, count, steps);
      if (panel + 2 <= panels) {
        F8Stretch<2>{weights, x, out, panel, first, count, block_tiles, tiles, next}.run();
      } else {
        F8Stretch<1>{weights, x, out, panel, first, count, block_tiles, tiles, next}.run();
      }
    }
  }
}
