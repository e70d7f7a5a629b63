// Rows into code tiles with AVX-512. Included inside the anonymous namespace of an ISA file, after code_tiles.inl.h.

// The columns of a tile that exist, a bit each.
inline uint64_t tile_mask(int64_t columns) {
  return columns >= CodeTiles::kColumns ? ~uint64_t{0} : columns > 0 ? (uint64_t{1} << columns) - 1 : 0;
}

// The largest magnitude of a row in each tile of a stretch.
inline void find_largest(const float* x, int64_t columns, int64_t tiles, float (&largest)[CodeTiles::kStretchTiles]) {
  for (int64_t t = 0; t < tiles; ++t, x += CodeTiles::kColumns, columns -= CodeTiles::kColumns) {
    const uint64_t mask = tile_mask(columns);
    __m512 most = _mm512_setzero_ps();
    for (int64_t i = 0; i < CodeTiles::kColumns; i += 16) {
      most = _mm512_max_ps(most, _mm512_abs_ps(_mm512_maskz_loadu_ps(static_cast<__mmask16>(mask >> i), x + i)));
    }
    largest[t] = _mm512_reduce_max_ps(most);
  }
}

// One tile of one row; kIsMarked: with high codes.
template <bool kIsMarked>
inline void code_tile_row(const float* x, uint64_t mask, __m512 inverse, int8_t* codes_to, int8_t* high_to,
                          __m512i (&sums)[2]) {
#pragma GCC unroll 4
  for (int64_t i = 0; i < CodeTiles::kColumns; i += 16) {
    __m512i codes =
        _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_maskz_loadu_ps(static_cast<__mmask16>(mask >> i), x + i), inverse));
    if constexpr (kIsMarked) {
      const __m512i high = _mm512_srai_epi32(_mm512_add_epi32(codes, _mm512_set1_epi32(64)), 7);
      codes = _mm512_sub_epi32(codes, _mm512_slli_epi32(high, 7));
      sums[1] = _mm512_add_epi32(sums[1], high);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(high_to + i), _mm512_cvtepi32_epi8(high));
    }
    sums[0] = _mm512_add_epi32(sums[0], codes);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(codes_to + i), _mm512_cvtepi32_epi8(codes));
  }
}

void make_code_tiles(const float* x, int64_t row_count, int64_t row_stride, int64_t columns,
                     const CodeTileRow& target) noexcept {
  const CodeTiles shape{.columns = columns};
  for (int64_t stretch = 0; stretch < shape.stretch_count(); ++stretch) {
    const int64_t first = stretch * CodeTiles::kStretchTiles;
    const int64_t tiles = lesser(CodeTiles::kStretchTiles, shape.column_tiles() - first);
    const float* from = x + first * CodeTiles::kColumns;
    const int64_t stretch_columns = columns - first * CodeTiles::kColumns;
    float largest[CodeTiles::kRows][CodeTiles::kStretchTiles] = {};
    for (int64_t r = 0; r < row_count; ++r) find_largest(from + r * row_stride, stretch_columns, tiles, largest[r]);
    const uint16_t marks = choose_marks(largest, row_count, tiles);
    target.marks[stretch] = marks;
    for (int64_t r = 0; r < CodeTiles::kRows; ++r) {
      const float scale = stretch_scale(largest[r], tiles, marks);
      const __m512 inverse = _mm512_set1_ps(inverse_scale(scale));
      const float* row = from + r * row_stride;
      __m512i sums[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
      for (int64_t t = 0; t < tiles; ++t) {
        const int64_t at = (first + t) * CodeTiles::kTileCodes + r * CodeTiles::kColumns, k = t * CodeTiles::kColumns;
        const int64_t left = r < row_count ? stretch_columns - k : 0;
        const auto run = (marks >> t & 1) != 0 ? code_tile_row<true> : code_tile_row<false>;
        run(row + k, tile_mask(left), inverse, target.codes + at, target.high_codes + at, sums);
      }
      target.scales[stretch * CodeTiles::kRows + r] = scale;
      int32_t* sums_to = target.sums + 2 * stretch * CodeTiles::kRows + r;
      sums_to[0] = _mm512_reduce_add_epi32(sums[0]);
      sums_to[CodeTiles::kRows] = _mm512_reduce_add_epi32(sums[1]);
    }
  }
}
