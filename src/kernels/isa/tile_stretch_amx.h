// Products of weights that are turned into bf16 tiles with rows that are: two panels of 16 weight rows at a time become
// tiles, and all rows of activations pass over them. Columns are taken in stretches, so that the activations of one
// stretch stay in the second-level cache. Included inside the anonymous namespace of an ISA file, after amx_tiles.h.
//
// Registers: tiles 0..3 hold sums (2 x 2 of 16 rows x 16 outputs), 4 and 5 activations, 6 and 7 weights. The sums go
// straight to and from `out`.
//
// What weights are is a type `Weights` with
//   kPlanes                            tiles that 32 columns of a panel become; their products are added
//   rows                               of the matrix; the last panel may have fewer than 16
//   unpack(panel, column_tile, tiles)  writes them, one after the other
//   Next, next(...)                    what the cache is asked for while tiles are busy

constexpr int64_t kTileValues = RowTiles::kRows * RowTiles::kColumns;
constexpr int64_t kStretchTiles = 48;  // at most 1,536 columns: 96 KiB of weights a plane, 1.5 MiB of 512 rows

// One step of columns: kRowTiles x kPanels tiles of sums. a and b: 32 columns, the planes of b one after the other.
template <int kRowTiles, int kPanels, int kPlanes>
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
  if constexpr (kPlanes == 2) {
    _tile_loadd(6, b + kTileValues, 64);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (kRowTiles == 2) _tile_dpbf16ps(2, 5, 6);
    if constexpr (kPanels == 2) {
      _tile_loadd(7, b + b_stride + kTileValues, 64);
      _tile_dpbf16ps(1, 4, 7);
      if constexpr (kRowTiles == 2) _tile_dpbf16ps(3, 5, 7);
    }
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

// All rows of a stretch, two tiles at a time; the first of them unpack its weights.
template <typename Stretch>
inline __attribute__((always_inline)) void run_row_tiles(Stretch& stretch, int64_t row_tiles) {
  if (row_tiles == 1) return stretch.template run_rows<1, true>(0);
  stretch.template run_rows<2, true>(0);
  int64_t tile = 2;
  for (; tile + 2 <= row_tiles; tile += 2) stretch.template run_rows<2, false>(tile);
  if (tile < row_tiles) stretch.template run_rows<1, false>(tile);
}

// kPanels panels over one stretch of columns against all rows. The first rows' pass unpacks the weights as it goes, one
// step ahead of the products: the vector units and the matrix unit then work at the same time.
template <typename Weights, int kPanels>
struct Stretch {
  static constexpr int64_t kStepValues = Weights::kPlanes * kTileValues;
  static constexpr int64_t kWeightStride = kStretchTiles * kStepValues;

  const Weights& w;
  const RowTiles& x;
  const ProductRows& out;
  int64_t panel, first_tile, count;
  uint16_t* tiles;  // [kPanels][kStretchTiles][kPlanes]
  typename Weights::Next next;

  int64_t a_stride() const { return x.columns / RowTiles::kColumns * kTileValues; }

  void unpack(int64_t k) const {
    for (int p = 0; p < kPanels; ++p) {
      w.unpack(panel + p, first_tile + k, tiles + p * kWeightStride + k * kStepValues);
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
      multiply_tiles<kRowTiles, kPanels, Weights::kPlanes>(a + k * kTileValues, a_stride(), tiles + k * kStepValues,
                                                           kWeightStride);
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

  void run() { run_row_tiles(*this, RowTiles::tile_count(x.rows)); }
};

// All of x with panels [panel_begin, panel_end), on tiles that are configured.
template <typename Weights>
void multiply_panels(const Weights& w, int64_t panel_begin, int64_t panel_end, const RowTiles& x,
                     const ProductRows& out) {
  alignas(64) uint16_t tiles[2 * kStretchTiles * Weights::kPlanes * kTileValues];
  const int64_t column_tiles = x.columns / RowTiles::kColumns;
  const int64_t stretches = (column_tiles + kStretchTiles - 1) / kStretchTiles;
  for (int64_t stretch = 0; stretch < stretches; ++stretch) {
    const int64_t first = column_tiles * stretch / stretches;
    const int64_t count = column_tiles * (stretch + 1) / stretches - first;
    for (int64_t panel = panel_begin; panel < panel_end; panel += 2) {
      const int64_t steps = (RowTiles::tile_count(x.rows) + 1) / 2 * count;
      const auto next = w.next(panel + 2, first, count, steps);
      if (panel + 2 <= panel_end) {
        Stretch<Weights, 2>{w, x, out, panel, first, count, tiles, next}.run();
      } else {
        Stretch<Weights, 1>{w, x, out, panel, first, count, tiles, next}.run();
      }
    }
  }
}

// Configures the tiles while it lives.
struct TileUse {
  TileUse() {
    TileConfig config;
    for (int tile = 0; tile < 8; ++tile) config.set(tile, 16);
    config.load();
  }
  ~TileUse() { _tile_release(); }
  TileUse(const TileUse&) = delete;
  TileUse& operator=(const TileUse&) = delete;
};
