// Products of dense weights for many rows with AVX512_BF16 alone: two panels at a time are turned into tiles of pairs,
// and the rows pass over them, eight at a time in registers. Included inside the anonymous namespace of an ISA file,
// after dense_tiles512.h.

constexpr int64_t kTileValues = RowTiles::kRows * RowTiles::kColumns;
constexpr int64_t kStretchTiles = 48;  // 1,536 columns: 96 KiB of weights a plane

// One stretch of columns of two panels, [2][kStretchTiles][kPlanes] tiles, of which `panels` are there.
template <int kPlanes>
struct PairStretch {
  static constexpr int64_t kStepValues = kPlanes * kTileValues;

  const uint16_t* tiles;
  int64_t count;
  int64_t outputs;  // that are left from the first panel on
  bool is_first;
  NextRows next;

  // kRows rows from x on, `left` of which there are.
  template <int kPanels, int kRows>
  void multiply(const uint16_t* x, int64_t left, const ProductRows& out) {
    __m512 sums[kRows][kPanels];
    for (int r = 0; r < kRows; ++r) {
      for (int p = 0; p < kPanels; ++p) sums[r][p] = _mm512_setzero_ps();
    }
    const uint16_t* w = tiles;
    for (int64_t k = 0; k < count; ++k, w += kStepValues, x += kTileValues) {
      next.prefetch();
      for (int plane = 0; plane < kPlanes; ++plane) {
        for (int pair = 0; pair < RowTiles::kColumns / 2; ++pair) {
          __m512bh weights[kPanels];
          for (int p = 0; p < kPanels; ++p) {
            weights[p] = (__m512bh)_mm512_load_si512(w + p * kStretchTiles * kStepValues + plane * kTileValues +
                                                     pair * RowTiles::kColumns);
          }
          for (int r = 0; r < kRows; ++r) {
            int two;
            __builtin_memcpy(&two, x + r * RowTiles::kColumns + 2 * pair, sizeof two);
            const auto activation = (__m512bh)_mm512_set1_epi32(two);
            for (int p = 0; p < kPanels; ++p) sums[r][p] = _mm512_dpbf16_ps(sums[r][p], activation, weights[p]);
          }
        }
      }
    }
    for (int r = 0; r < kRows && r < left; ++r) {
      for (int p = 0; p < kPanels; ++p) {
        const int64_t there = outputs - p * kPanelRows;
        const __mmask16 mask = there >= kPanelRows ? 0xFFFF : static_cast<__mmask16>((1u << there) - 1);
        float* const target = out.values + r * out.stride + p * kPanelRows;
        const __m512 before = is_first ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps(mask, target);
        _mm512_mask_storeu_ps(target, mask, _mm512_add_ps(before, sums[r][p]));
      }
    }
  }

  template <int kPanels>
  void run(const RowTiles& x, int64_t first_tile, const ProductRows& out) {
    for (int64_t row = 0; row < x.rows; row += 8) {
      const uint16_t* const at = x.values + row / RowTiles::kRows * RowTiles::kRows * x.columns +
                                 first_tile * kTileValues + row % RowTiles::kRows * RowTiles::kColumns;
      multiply<kPanels, 8>(at, x.rows - row, out.from(row, 0));
    }
  }
};

template <Dense kType>
void dense_tile_gemm_of(const void* data, int64_t w_rows, int64_t w_stride_bytes, const RowTiles& x,
                        const ProductRows& out) {
  constexpr int kPlanes = DenseTiles<kType>::kPlanes;
  const DenseTiles<kType> w{static_cast<const std::byte*>(data), w_rows, w_stride_bytes};
  alignas(64) uint16_t tiles[2][kStretchTiles][kPlanes * kTileValues];
  const int64_t column_tiles = x.columns / RowTiles::kColumns;
  const int64_t stretches = (column_tiles + kStretchTiles - 1) / kStretchTiles;
  for (int64_t stretch = 0; stretch < stretches; ++stretch) {
    const int64_t first = column_tiles * stretch / stretches;
    const int64_t count = column_tiles * (stretch + 1) / stretches - first;
    for (int64_t n = 0; n < w_rows; n += 2 * kPanelRows) {
      const int64_t panel = n / kPanelRows, panels = w_rows - n > kPanelRows ? 2 : 1;
      for (int64_t p = 0; p < panels; ++p) {
        for (int64_t k = 0; k < count; ++k) w.unpack(panel + p, first + k, tiles[p][k]);
      }
      PairStretch<kPlanes> pairs{.tiles = tiles[0][0],
                                 .count = count,
                                 .outputs = w_rows - n,
                                 .is_first = first == 0 && !out.is_added,
                                 .next = w.next(panel + 2, first, count, (x.rows + 7) / 8 * count)};
      if (panels == 2) {
        pairs.template run<2>(x, first, out.from(0, n));
      } else {
        pairs.template run<1>(x, first, out.from(0, n));
      }
    }
  }
}

void dense_tile_gemm(Dense type, const void* w, int64_t w_rows, int64_t w_stride_bytes, const RowTiles& x,
                     const ProductRows& out) noexcept {
  const auto run = type == Dense::f32   ? dense_tile_gemm_of<Dense::f32>
                   : type == Dense::f16 ? dense_tile_gemm_of<Dense::f16>
                                        : dense_tile_gemm_of<Dense::bf16>;
  run(w, w_rows, w_stride_bytes, x, out);
}
