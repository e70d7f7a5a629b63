// Products of code tiles on AMX tiles of int8: two panels at a time become 8-bit codes of one stretch of columns, which
// stay in the first-level cache while all rows of activations pass over them. Included inside the anonymous namespace
// of an ISA file, after amx_tiles.h and code_weights512.h.
//
// Registers: tiles 0..3 hold integer sums (2 x 2 of 16 rows x 16 outputs), 4 and 5 activations, 6 and 7 weights. Sums
// of a block become f32 on the vector units while the matrix unit works on the next block.

// Integer sums of up to 2 x 2 tiles that wait to be scaled and written.
struct WaitingSums {
  static constexpr int kVectors = 64;  // one for each row of four tiles

  alignas(64) int32_t low[4][256];
  alignas(64) int32_t high[4][256];
  alignas(64) float weight_scales[2][16];
  const float* row_scales = nullptr;  // of the first row tile
  int64_t row_scale_stride = 0;       // to the next row tile's
  ProductRows out;                    // at the block's first row and output
  int64_t rows = 0, outputs = 0;      // that exist from there on
  bool is_first = true, has_high = false;
  int next = kVectors;  // done when kVectors

  // A few vectors at a time.
  void write(int count) {
    for (int end = next + count; next < end && next < kVectors; ++next) {
      const int tile = next / 16, r = next % 16, row = tile / 2 * 16 + r, panel = tile % 2;
      const int64_t left = outputs - panel * 16;
      if (row >= rows || left <= 0) continue;
      const __mmask16 mask = left >= 16 ? 0xFFFF : static_cast<__mmask16>((1u << left) - 1);
      __m512 sum = _mm512_cvtepi32_ps(_mm512_load_si512(low[tile] + r * 16));
      if (has_high) {
        const __m512 above = _mm512_cvtepi32_ps(_mm512_load_si512(high[tile] + r * 16));
        sum = _mm512_fmadd_ps(above, _mm512_set1_ps(128.0f), sum);
      }
      const __m512 scale = _mm512_mul_ps(_mm512_set1_ps(row_scales[tile / 2 * row_scale_stride + r]),
                                         _mm512_load_ps(weight_scales[panel]));
      float* target = out.values + row * out.stride + panel * 16;
      const __m512 before = is_first ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps(mask, target);
      _mm512_mask_storeu_ps(target, mask, _mm512_fmadd_ps(sum, scale, before));
    }
  }
  void finish() { write(kVectors); }
};

template <int kRowTiles, int kPanels>
inline __attribute__((always_inline)) void multiply_code_tiles(const int8_t* a, int64_t a_stride, const std::byte* b,
                                                               int64_t b_stride) {
  // Activations pass by, weights stay: the hint keeps the former from pushing the latter out of the first level.
  _tile_loadd(6, b, 64);
  _tile_stream_loadd(4, a, 64);
  _tile_dpbssd(0, 4, 6);
  if constexpr (kPanels == 2) {
    _tile_loadd(7, b + b_stride, 64);
    _tile_dpbssd(1, 4, 7);
  }
  if constexpr (kRowTiles == 2) {
    _tile_stream_loadd(5, a + a_stride, 64);
    _tile_dpbssd(2, 5, 6);
    if constexpr (kPanels == 2) _tile_dpbssd(3, 5, 7);
  }
}

inline void store_sums(int32_t (&sums)[4][256]) {
  _tile_stored(0, sums[0], 64);
  _tile_stored(1, sums[1], 64);
  _tile_stored(2, sums[2], 64);
  _tile_stored(3, sums[3], 64);
}

inline void clear_sums() {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}

// kPanels panels over one stretch of columns against all rows.
template <int kPanels>
struct CodeStretch {
  static constexpr int64_t kTileBytes = CodeTiles::kTileCodes;
  static constexpr int64_t kWeightStride = CodeTiles::kStretchTiles * kTileBytes;
  static constexpr int64_t kTileGroups = CodeTiles::kColumns / kCodeGroup;

  const PanelMatrix& w;
  const CodeTiles& x;
  const ProductRows& out;
  int64_t panel, stretch;
  std::byte* tiles;      // [kPanels][kStretchTiles][1024]
  WaitingSums* waiting;  // [2], taken in turn
  int turn;
  NextWeights next;
  int64_t first_tile = stretch * CodeTiles::kStretchTiles;
  int64_t count = lesser(CodeTiles::kStretchTiles, x.column_tiles() - first_tile);
  int64_t groups = lesser(count * kTileGroups, w.columns / kCodeGroup - first_tile * kTileGroups);
  __m512 scales[kPanels] = {}, inverses[kPanels] = {};

  const std::byte* group(int p, int64_t index) const {
    return w.data + (panel + p) * w.panel_bytes() + (first_tile * kTileGroups + index) * w.group_bytes();
  }

  void unpack(int64_t k) const {
    for (int p = 0; p < kPanels; ++p) {
      std::byte* tile = tiles + p * kWeightStride + k * kTileBytes;
      for (int64_t g = 0; g < kTileGroups; ++g) {
        std::byte* lines = tile + g * (kCodeGroup / 4) * 64;
        if (k * kTileGroups + g < groups) {
          unpack_codes<0>(w, group(p, k * kTileGroups + g), inverses[p], lines);
        } else {
          for (int line = 0; line < kCodeGroup / 4; ++line)
            _mm512_storeu_si512(lines + line * 64, _mm512_setzero_si512());
        }
      }
    }
    memory_fence();
  }

  // Rows of kRowTiles tiles from `tile` on. The first rows' pass unpacks the weights as it goes, one step ahead of the
  // products: the vector units and the matrix unit then work at the same time.
  template <int kRowTiles, bool kUnpacks>
  void run_rows(int64_t tile) {
    WaitingSums& before = waiting[turn ^ 1];
    WaitingSums& sums = waiting[turn];
    turn ^= 1;
    const int64_t a_stride = x.column_tiles() * kTileBytes, at = tile * a_stride + first_tile * kTileBytes;
    const int write_count = static_cast<int>((WaitingSums::kVectors + count - 1) / count);
    clear_sums();
    if constexpr (kUnpacks) unpack(0);
    for (int64_t k = 0; k < count; ++k) {
      if constexpr (kUnpacks) {
        if (k + 1 < count) unpack(k + 1);
      }
      next.prefetch();
      before.write(write_count);
      memory_fence();
      multiply_code_tiles<kRowTiles, kPanels>(x.codes + at + k * kTileBytes, a_stride, tiles + k * kTileBytes,
                                              kWeightStride);
    }
    store_sums(sums.low);
    uint32_t marks = 0;
    for (int t = 0; t < kRowTiles; ++t) marks |= x.marks[(tile + t) * x.stretch_count() + stretch];
    sums.has_high = marks != 0;
    if (marks != 0) multiply_high<kRowTiles>(tile, at, a_stride, sums);
    memory_fence();
    sums.out = out.from(tile * CodeTiles::kRows, panel * kPanelRows);
    sums.rows = lesser(x.rows - tile * CodeTiles::kRows, kRowTiles * CodeTiles::kRows);
    sums.outputs = lesser(w.rows - panel * kPanelRows, kPanels * kPanelRows);
    sums.row_scales = x.scales + (tile * x.stretch_count() + stretch) * CodeTiles::kRows;
    sums.row_scale_stride = x.stretch_count() * CodeTiles::kRows;
    for (int p = 0; p < kPanels; ++p) _mm512_store_ps(sums.weight_scales[p], scales[p]);
    sums.is_first = stretch == 0 && !out.is_added;
    sums.next = 0;
  }

  // The marked tiles' high codes. A row tile that has not marked what the other one has does not take part.
  template <int kRowTiles>
  void multiply_high(int64_t tile, int64_t at, int64_t a_stride, WaitingSums& sums) {
    const uint32_t first = x.marks[tile * x.stretch_count() + stretch];
    const uint32_t second = kRowTiles == 2 ? x.marks[(tile + 1) * x.stretch_count() + stretch] : 0;
    clear_sums();
    for (int64_t k = 0; k < count; ++k) {
      const bool is_in_first = (first >> k & 1) != 0, is_in_second = (second >> k & 1) != 0;
      const int8_t* a = x.high_codes + at + k * kTileBytes;
      const std::byte* b = tiles + k * kTileBytes;
      if (is_in_first || is_in_second) {
        _tile_loadd(6, b, 64);
        if constexpr (kPanels == 2) _tile_loadd(7, b + kWeightStride, 64);
      }
      if (is_in_first) {
        _tile_stream_loadd(4, a, 64);
        _tile_dpbssd(0, 4, 6);
        if constexpr (kPanels == 2) _tile_dpbssd(1, 4, 7);
      }
      if (is_in_second) {
        _tile_stream_loadd(5, a + a_stride, 64);
        _tile_dpbssd(2, 5, 6);
        if constexpr (kPanels == 2) _tile_dpbssd(3, 5, 7);
      }
    }
    store_sums(sums.high);
  }

  // Returns whose turn is next.
  int run() {
    for (int p = 0; p < kPanels; ++p) {
      scales[p] = stretch_scales(w, group(p, 0), groups);
      inverses[p] = inverse_scales(scales[p]);
    }
    const int64_t row_tiles = CodeTiles::tile_count(x.rows);
    if (row_tiles == 1) {
      run_rows<1, true>(0);
      return turn;
    }
    run_rows<2, true>(0);
    int64_t tile = 2;
    for (; tile + 2 <= row_tiles; tile += 2) run_rows<2, false>(tile);
    if (tile < row_tiles) run_rows<1, false>(tile);
    return turn;
  }
};

// Stretches whose activations fit in half of the second-level cache.
inline int64_t stretches_at_once(const CodeTiles& x) {
  constexpr int64_t kBytes = 1 << 20;
  const int64_t bytes = CodeTiles::tile_count(x.rows) * CodeTiles::kStretchTiles * CodeTiles::kTileCodes;
  return bytes < kBytes ? kBytes / bytes : 1;
}

void code_tile_gemm_of(const PanelMatrix& w, int64_t panel_begin, int64_t panel_end, const CodeTiles& x,
                       const ProductRows& out) {
  alignas(64) std::byte tiles[2 * CodeTiles::kStretchTiles * CodeTiles::kTileCodes];
  WaitingSums waiting[2];
  int turn = 0;
  const int64_t tile_bytes = CodeTiles::kColumns / kCodeGroup * w.group_bytes();
  const int64_t row_steps = (CodeTiles::tile_count(x.rows) + 1) / 2;
  const auto bytes_of = [&](int64_t stretch) {
    return lesser(CodeTiles::kStretchTiles, x.column_tiles() - stretch * CodeTiles::kStretchTiles) * tile_bytes;
  };
  const int64_t group = stretches_at_once(x);
  for (int64_t first = 0; first < x.stretch_count(); first += group) {
    const int64_t last = lesser(first + group, x.stretch_count());
    for (int64_t panel = panel_begin; panel < panel_end; panel += 2) {
      for (int64_t stretch = first; stretch < last; ++stretch) {
        // What comes next: these panels' next stretch, or the first one of the panels after them, even if those belong
        // to another call.
        const bool is_last = stretch + 1 == last;
        const int64_t next_stretch = is_last ? first : stretch + 1;
        const NextWeights next(w, is_last ? panel + 2 : panel, next_stretch * CodeTiles::kStretchTiles * tile_bytes,
                               bytes_of(next_stretch), row_steps * (bytes_of(stretch) / tile_bytes));
        turn = panel + 2 <= panel_end ? CodeStretch<2>{w, x, out, panel, stretch, tiles, waiting, turn, next}.run()
                                      : CodeStretch<1>{w, x, out, panel, stretch, tiles, waiting, turn, next}.run();
      }
    }
  }
  for (WaitingSums& sums : waiting) sums.finish();
}

void code_tile_gemm(const PanelMatrix& w, int64_t panel_begin, int64_t panel_end, const CodeTiles& x,
                    const ProductRows& out) noexcept {
  TileConfig config;
  for (int tile = 0; tile < 8; ++tile) config.set(tile, 16);
  config.load();
  code_tile_gemm_of(w, panel_begin, panel_end, x, out);
  _tile_release();
}
