// Rows into code tiles with AVX-512. Included inside the anonymous
// namespace of an ISA file, after code_tiles.inl.h.

inline __m512 load_columns(const float* at, int64_t left) {
  return _mm512_maskz_loadu_ps(left >= 16 ? 0xFFFF : left > 0 ? static_cast<__mmask16>((1u << left) - 1) : 0, at);
}

// The largest magnitude of a row in each tile of a stretch.
inline void find_largest(const float* x, int64_t columns, int64_t tiles, float (&largest)[CodeTiles::kStretchTiles]) {
  for (int64_t t = 0; t < tiles; ++t, x += CodeTiles::kColumns, columns -= CodeTiles::kColumns) {
    __m512 most = _mm512_setzero_ps();
    for (int64_t i = 0; i < CodeTiles::kColumns; i += 16) {
      most = _mm512_max_ps(most, _mm512_abs_ps(load_columns(x + i, columns - i)));
    }
    largest[t] = _mm512_reduce_max_ps(most);
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
      target.scales[stretch * CodeTiles::kRows + r] = scale;
      const float* row = from + r * row_stride;
      __m512i sum = _mm512_setzero_si512(), high_sum = sum;
      for (int64_t t = 0; t < tiles; ++t) {
        const int64_t at = (first + t) * CodeTiles::kTileCodes + r * CodeTiles::kColumns;
        const bool is_marked = (marks >> t & 1) != 0;
        for (int64_t i = 0; i < CodeTiles::kColumns; i += 16) {
          const int64_t k = t * CodeTiles::kColumns + i;
          const __m512 values = load_columns(row + k, r < row_count ? stretch_columns - k : 0);
          __m512i codes = _mm512_cvtps_epi32(_mm512_mul_ps(values, inverse));
          if (is_marked) {
            const __m512i high = _mm512_srai_epi32(_mm512_add_epi32(codes, _mm512_set1_epi32(64)), 7);
            codes = _mm512_sub_epi32(codes, _mm512_slli_epi32(high, 7));
            high_sum = _mm512_add_epi32(high_sum, high);
            _mm_storeu_si128(reinterpret_cast<__m128i*>(target.high_codes + at + i), _mm512_cvtepi32_epi8(high));
          }
          _mm_storeu_si128(reinterpret_cast<__m128i*>(target.codes + at + i), _mm512_cvtepi32_epi8(codes));
          sum = _mm512_add_epi32(sum, codes);
        }
      }
      int32_t* sums = target.sums + 2 * stretch * CodeTiles::kRows + r;
      sums[0] = _mm512_reduce_add_epi32(sum);
      sums[CodeTiles::kRows] = _mm512_reduce_add_epi32(high_sum);
    }
  }
}
