// Products of code tiles with AVX-512 VNNI: three panels at a time become 8-bit codes of one stretch of columns, then
// blocks of 8 rows pass over them, 8 x 3 sums in registers. Included inside the anonymous namespace of an ISA file,
// after code_weights512.h.
//
// The instruction multiplies unsigned by signed: weights have 128 added, which the sums of the rows' codes take away
// again.

// In assembly, since compilers copy the sums of a block this large to and fro.
inline __attribute__((always_inline)) void add_dots(__m512i& sum, __m512i weights, __m512i codes) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(weights), "v"(codes));
}

// One plane of codes of 8 rows in one stretch.
struct CodePlane {
  const int8_t* codes;  // of the first row in the stretch's first tile
  const int32_t* sums;  // of each row
  uint32_t tiles;       // that take part
  float units;          // what 1 stands for
};

template <int kPanels>
struct CodeBlock {
  static constexpr int kRows = 8;
  static constexpr int64_t kWeightStride = CodeTiles::kStretchTiles * CodeTiles::kTileCodes;

  const std::byte* weights;  // [kPanels][kStretchTiles][16][64]
  __m512 scales[kPanels];
  const float* row_scales;
  __mmask16 masks[kPanels];  // of the outputs that exist
  int64_t rows;              // that exist

  // (Inlined twice, the sums of one copy would not stay in registers.)
  __attribute__((noinline)) void run(const CodePlane& plane, const ProductRows& out) const {
    __m512i sums[kRows][kPanels];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      for (int p = 0; p < kPanels; ++p) sums[r][p] = _mm512_set1_epi32(-128 * plane.sums[r]);
    }
    for (uint32_t left = plane.tiles; left != 0; left &= left - 1) {
      const int64_t tile = __builtin_ctz(left) * CodeTiles::kTileCodes;
      const int8_t* x = plane.codes + tile;
      const std::byte* w = weights + tile;
      for (const int8_t* end = x + CodeTiles::kColumns; x < end; x += 4, w += 64) {
        __m512i lines[kPanels];
#pragma GCC unroll 3
        for (int p = 0; p < kPanels; ++p) lines[p] = _mm512_loadu_si512(w + p * kWeightStride);
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) {
          int32_t four;
          __builtin_memcpy(&four, x + r * CodeTiles::kColumns, 4);
          const __m512i codes = _mm512_set1_epi32(four);
#pragma GCC unroll 3
          for (int p = 0; p < kPanels; ++p) add_dots(sums[r][p], lines[p], codes);
        }
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      if (r >= rows) break;
      const __m512 row_scale = _mm512_set1_ps(row_scales[r] * plane.units);
#pragma GCC unroll 3
      for (int p = 0; p < kPanels; ++p) {
        const __mmask16 mask = masks[p];
        float* target = out.values + r * out.stride + p * kPanelRows;
        const __m512 before = out.is_added ? _mm512_maskz_loadu_ps(mask, target) : _mm512_setzero_ps();
        const __m512 scale = _mm512_mul_ps(row_scale, scales[p]);
        _mm512_mask_storeu_ps(target, mask, _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[r][p]), scale, before));
      }
    }
  }
};

// kPanels panels over one stretch of columns against all rows.
template <int kPanels>
void code_stretch(const PanelMatrix& w, int64_t panel, int64_t stretch, const CodeTiles& x, const ProductRows& out,
                  std::byte* weights) {
  constexpr int64_t kTileGroups = CodeTiles::kColumns / kCodeGroup;
  const int64_t first_tile = stretch * CodeTiles::kStretchTiles;
  const int64_t tiles = lesser(CodeTiles::kStretchTiles, x.column_tiles() - first_tile);
  const int64_t groups = lesser(tiles * kTileGroups, w.columns / kCodeGroup - first_tile * kTileGroups);
  CodeBlock<kPanels> block{.weights = weights};
  for (int p = 0; p < kPanels; ++p) {
    const int64_t outputs = w.rows - (panel + p) * kPanelRows;
    block.masks[p] = outputs >= kPanelRows ? 0xFFFF : static_cast<__mmask16>((1u << outputs) - 1);
    const std::byte* group = w.data + (panel + p) * w.panel_bytes() + first_tile * kTileGroups * w.group_bytes();
    block.scales[p] = stretch_scales(w, group, groups);
    const __m512 inverse = inverse_scales(block.scales[p]);
    std::byte* lines = weights + p * CodeBlock<kPanels>::kWeightStride;
    for (int64_t g = 0; g < groups; ++g, group += w.group_bytes(), lines += kCodeGroup * kPanelRows) {
      unpack_codes<128>(w, group, inverse, lines);
      for (int64_t line = 0; line < w.group_bytes(); line += 64) {
        __builtin_prefetch(group + kPanels * w.panel_bytes() + line, 0, 2);
      }
    }
    // The rows' codes are zero in the columns that pad the last tile: whatever lies there counts for nothing.
  }
  const uint32_t all = (1u << tiles) - 1;
  for (int64_t row = 0; row < x.rows; row += CodeBlock<kPanels>::kRows) {
    const int64_t in_tile = row % CodeTiles::kRows, at = row / CodeTiles::kRows * x.stretch_count() + stretch;
    const int64_t codes = (row / CodeTiles::kRows * x.column_tiles() + first_tile) * CodeTiles::kTileCodes +
                          in_tile * CodeTiles::kColumns;
    block.row_scales = x.scales + at * CodeTiles::kRows + in_tile;
    block.rows = x.rows - row;
    ProductRows target = out.from(row, panel * kPanelRows);
    target.is_added = out.is_added || stretch > 0;
    const int32_t* sums = x.sums + 2 * at * CodeTiles::kRows + in_tile;
    block.run({x.codes + codes, sums, all, 1.0f}, target);
    if (x.marks[at] == 0) continue;
    target.is_added = true;
    block.run({x.high_codes + codes, sums + CodeTiles::kRows, x.marks[at], 128.0f}, target);
  }
}

void code_tile_gemm(const PanelMatrix& w, int64_t panel_begin, int64_t panel_end, const CodeTiles& x,
                    const ProductRows& out) noexcept {
  alignas(64) std::byte weights[3 * CodeTiles::kStretchTiles * CodeTiles::kTileCodes] = {};
  for (int64_t stretch = 0; stretch < x.stretch_count(); ++stretch) {
    int64_t panel = panel_begin;
    for (; panel + 3 <= panel_end; panel += 3) code_stretch<3>(w, panel, stretch, x, out, weights);
    if (panel + 2 == panel_end) code_stretch<2>(w, panel, stretch, x, out, weights);
    if (panel + 1 == panel_end) code_stretch<1>(w, panel, stretch, x, out, weights);
  }
}
