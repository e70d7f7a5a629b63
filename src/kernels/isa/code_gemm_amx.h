// Products of code tiles on AMX tiles of int8: two panels at a time become 8-bit codes of one stretch of columns, which
// stay in the first-level cache while all rows of activations pass over them. Included inside the anonymous namespace
// of an ISA file, after amx_tiles.h and code_weights512.h.
//
// Registers: tiles 0..3 hold integer sums (2 x 2 of 16 rows x 16 outputs), 4 and 5 activations, 6 and 7 weights. While
// the matrix unit works, the vector units scale and write the sums of the block before and unpack the weights of the
// stretch after this one.

// Integer sums of up to 2 x 2 tiles that wait to be scaled and written.
struct WaitingSums {
  alignas(64) int32_t low[4][256];
  alignas(64) int32_t high[4][256];
  __m512 weight_scales[2];
  __mmask16 masks[2];  // of the outputs that exist
  const float* row_scales[2];
  float* targets[2];  // of each row tile
  int64_t rows[2];
  int64_t stride;
  bool has_high, is_added;
  bool is_whole;  // two tiles of 16 rows and outputs each, without high codes
  int next = 16;  // row of both row tiles; done when 16

  void write(int count) {
    const int end = next + count < 16 ? next + count : 16;
    if (!is_whole) {
      while (next < end) write_part(next++);
    } else if (is_added) {
      while (next < end) write_whole<true>(next++);
    } else {
      while (next < end) write_whole<false>(next++);
    }
  }
  void finish() { write(16); }

 private:
  template <bool kIsAdded>
  __attribute__((always_inline)) void write_whole(int r) {
#pragma GCC unroll 2
    for (int t = 0; t < 2; ++t) {
      const __m512 row_scale = _mm512_set1_ps(row_scales[t][r]);
      float* target = targets[t] + r * stride;
      __builtin_prefetch(target + 2 * CodeTiles::kRows * stride, 1, 3);  // of the rows after these
      __builtin_prefetch(target + 2 * CodeTiles::kRows * stride + 16, 1, 3);
#pragma GCC unroll 2
      for (int p = 0; p < 2; ++p) {
        const __m512 sum = _mm512_cvtepi32_ps(_mm512_load_si512(low[2 * t + p] + r * 16));
        const __m512 scale = _mm512_mul_ps(row_scale, weight_scales[p]);
        const __m512 before = kIsAdded ? _mm512_loadu_ps(target + p * 16) : _mm512_setzero_ps();
        _mm512_storeu_ps(target + p * 16, kIsAdded ? _mm512_fmadd_ps(sum, scale, before) : _mm512_mul_ps(sum, scale));
      }
    }
  }

  __attribute__((noinline)) void write_part(int r) {
    for (int t = 0; t < 2; ++t) {
      if (r >= rows[t]) continue;
      const __m512 row_scale = _mm512_set1_ps(row_scales[t][r]);
      float* target = targets[t] + r * stride;
      for (int p = 0; p < 2; ++p) {
        __m512 sum = _mm512_cvtepi32_ps(_mm512_load_si512(low[2 * t + p] + r * 16));
        if (has_high) {
          const __m512 above = _mm512_cvtepi32_ps(_mm512_load_si512(high[2 * t + p] + r * 16));
          sum = _mm512_fmadd_ps(above, _mm512_set1_ps(128.0f), sum);
        }
        __m512 before = _mm512_setzero_ps();
        if (is_added) before = _mm512_maskz_loadu_ps(masks[p], target + p * 16);
        const __m512 scale = _mm512_mul_ps(row_scale, weight_scales[p]);
        _mm512_mask_storeu_ps(target + p * 16, masks[p], _mm512_fmadd_ps(sum, scale, before));
      }
    }
  }
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

// Two panels' weights of one stretch of columns, unpacked a group at a time.
struct StretchWeights {
  static constexpr int64_t kTileBytes = CodeTiles::kTileCodes;
  static constexpr int64_t kPanelBytes = CodeTiles::kStretchTiles * kTileBytes;
  static constexpr int64_t kTileGroups = CodeTiles::kColumns / kCodeGroup;

  alignas(64) std::byte tiles[2 * kPanelBytes];
  __m512 scales[2], inverses[2];
  const PanelMatrix* w;
  int64_t panel, panels, stretch, first_tile, count;
  int64_t groups;             // of the stretch: the last tile may have fewer than it has room for
  int64_t next = 0, end = 0;  // groups of both panels in turn

  void begin(const PanelMatrix& matrix, int64_t panel_begin, int64_t panel_end, int64_t stretch_index,
             int64_t column_tiles) {
    w = &matrix;
    panel = panel_begin;
    panels = lesser(2, panel_end - panel);
    stretch = stretch_index;
    first_tile = stretch * CodeTiles::kStretchTiles;
    count = lesser(CodeTiles::kStretchTiles, column_tiles - first_tile);
    groups = lesser(count * kTileGroups, w->columns / kCodeGroup - first_tile * kTileGroups);
    next = 0;
    end = panels * count * kTileGroups;
    for (int64_t p = 0; p < 2; ++p) {
      scales[p] = p < panels ? stretch_scales(*w, group(p, 0), groups) : _mm512_setzero_ps();
      inverses[p] = inverse_scales(scales[p]);
    }
  }

  const std::byte* group(int64_t p, int64_t index) const {
    return w->data + (panel + p) * w->panel_bytes() + (first_tile * kTileGroups + index) * w->group_bytes();
  }

  __attribute__((always_inline)) void unpack_until(int64_t last) {
    for (; next < last; ++next) unpack_next();
  }

  // (A function that only asks for memory has no effect in g++'s eyes: unless it is inlined, calls of it are dropped.)
  __attribute__((always_inline)) void unpack_next() {
    const int64_t per_panel = count * kTileGroups;
    const int64_t p = next >= per_panel ? 1 : 0, g = next - p * per_panel;
    std::byte* to = tiles + p * kPanelBytes + g * (kTileBytes / kTileGroups);
    if (g < groups) {
      const std::byte* from = group(p, g);
      unpack_codes<0>(*w, from, inverses[p], to);
      // The same of the next two panels: memory is slower than unpacking.
      from += 2 * w->panel_bytes();
      for (int64_t at = 0; at < w->group_bytes(); at += 64) __builtin_prefetch(from + at, 0, 2);
    } else {
      for (int line = 0; line < kCodeGroup / 4; ++line) _mm512_storeu_si512(to + line * 64, _mm512_setzero_si512());
    }
  }
};

// One stretch of two panels against all rows, beside which `after` is unpacked.
struct CodeStretch {
  const CodeTiles& x;
  const ProductRows& out;
  const StretchWeights& weights;
  StretchWeights& after;
  int64_t unpack_rate;  // groups a step, times 1 << kRateBits: evenly, as much as the matrix unit's time hides
  WaitingSums& waiting;
  int64_t unpacked = 0;  // in the units of unpack_rate

  static constexpr int kRateBits = 16;

  template <int kRowTiles, int kPanels>
  void run_rows(int64_t tile) {
    constexpr int64_t kTileBytes = StretchWeights::kTileBytes, kPanelBytes = StretchWeights::kPanelBytes;
    const int64_t a_stride = x.column_tiles() * kTileBytes, at = tile * a_stride + weights.first_tile * kTileBytes;
    const int write_count = static_cast<int>((16 + weights.count - 1) / weights.count);
    clear_sums();
    for (int64_t k = 0; k < weights.count; ++k) {
      waiting.write(write_count);
      after.unpack_until((unpacked += unpack_rate) >> kRateBits);
      memory_fence();
      multiply_code_tiles<kRowTiles, kPanels>(x.codes + at + k * kTileBytes, a_stride, weights.tiles + k * kTileBytes,
                                              kPanelBytes);
    }
    // The sums before have been written by now.
    WaitingSums& sums = waiting;
    store_sums(sums.low);
    uint32_t marks = 0;
    for (int t = 0; t < kRowTiles; ++t) marks |= x.marks[(tile + t) * x.stretch_count() + weights.stretch];
    sums.has_high = marks != 0;
    if (marks != 0) multiply_high<kRowTiles, kPanels>(tile, x.high_codes + at, a_stride, sums);
    memory_fence();
    for (int t = 0; t < 2; ++t) {
      const int64_t row = (tile + t) * CodeTiles::kRows;
      sums.rows[t] = t < kRowTiles ? x.rows - row : 0;
      sums.row_scales[t] = x.scales + ((tile + t) * x.stretch_count() + weights.stretch) * CodeTiles::kRows;
      sums.targets[t] = out.values + row * out.stride + weights.panel * kPanelRows;
      const int64_t left = t < kPanels ? weights.w->rows - (weights.panel + t) * kPanelRows : 0;
      sums.masks[t] = left >= 16 ? 0xFFFF : static_cast<__mmask16>((1u << left) - 1);
      sums.weight_scales[t] = weights.scales[t];
    }
    sums.is_added = weights.stretch > 0 || out.is_added;
    sums.is_whole =
        !sums.has_high && sums.rows[0] >= 16 && sums.rows[1] >= 16 && (sums.masks[0] & sums.masks[1]) == 0xFFFF;
    sums.stride = out.stride;
    sums.next = 0;
  }

  // The marked tiles' high codes. A row tile that has not marked what the other one has does not take part.
  template <int kRowTiles, int kPanels>
  void multiply_high(int64_t tile, const int8_t* codes, int64_t a_stride, WaitingSums& sums) {
    const uint32_t first = x.marks[tile * x.stretch_count() + weights.stretch];
    const uint32_t second = kRowTiles == 2 ? x.marks[(tile + 1) * x.stretch_count() + weights.stretch] : 0;
    clear_sums();
    for (uint32_t left = first | second; left != 0; left &= left - 1) {
      const int k = __builtin_ctz(left);
      const int8_t* a = codes + k * StretchWeights::kTileBytes;
      const std::byte* b = weights.tiles + k * StretchWeights::kTileBytes;
      _tile_loadd(6, b, 64);
      if constexpr (kPanels == 2) _tile_loadd(7, b + StretchWeights::kPanelBytes, 64);
      if ((first >> k & 1) != 0) {
        _tile_stream_loadd(4, a, 64);
        _tile_dpbssd(0, 4, 6);
        if constexpr (kPanels == 2) _tile_dpbssd(1, 4, 7);
      }
      if ((second >> k & 1) != 0) {
        _tile_stream_loadd(5, a + a_stride, 64);
        _tile_dpbssd(2, 5, 6);
        if constexpr (kPanels == 2) _tile_dpbssd(3, 5, 7);
      }
    }
    store_sums(sums.high);
  }

  template <int kPanels>
  void run() {
    const int64_t row_tiles = CodeTiles::tile_count(x.rows);
    int64_t tile = 0;
    for (; tile + 2 <= row_tiles; tile += 2) run_rows<2, kPanels>(tile);
    if (tile < row_tiles) run_rows<1, kPanels>(tile);
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
  const int64_t group = stretches_at_once(x), row_steps = (CodeTiles::tile_count(x.rows) + 1) / 2;
  StretchWeights weights[2];
  WaitingSums waiting;
  int now = 0;
  // All stretches of a group for one pair of panels after the other, group after group.
  struct Place {
    int64_t first, panel, stretch;
  };
  const auto next_of = [&](Place place) {
    if (++place.stretch < lesser(place.first + group, x.stretch_count())) return place;
    if ((place.panel += 2) >= panel_end) place = {place.first + group, panel_begin, 0};
    place.stretch = place.first;
    return place;
  };
  const auto begin = [&](StretchWeights& at, const Place& place) {
    at.begin(w, place.panel, panel_end, place.stretch, x.column_tiles());
  };
  Place place{0, panel_begin, 0};
  begin(weights[0], place);
  weights[0].unpack_until(weights[0].end);
  while (place.first < x.stretch_count()) {
    place = next_of(place);
    StretchWeights &current = weights[now], &after = weights[now ^= 1];
    after.end = 0;
    if (place.first < x.stretch_count()) begin(after, place);
    const int64_t steps = row_steps * current.count;
    CodeStretch stretch{x, out, current, after, (after.end << CodeStretch::kRateBits) / steps, waiting};
    current.panels == 2 ? stretch.run<2>() : stretch.run<1>();
    after.unpack_until(after.end);
  }
  waiting.finish();
}

void code_tile_gemm(const PanelMatrix& w, int64_t panel_begin, int64_t panel_end, const CodeTiles& x,
                    const ProductRows& out) noexcept {
  if (panel_begin >= panel_end || x.rows == 0) return;
  TileConfig config;
  for (int tile = 0; tile < 8; ++tile) config.set(tile, 16);
  config.load();
  code_tile_gemm_of(w, panel_begin, panel_end, x, out);
  _tile_release();
}
