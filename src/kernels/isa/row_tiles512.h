// Rows as bf16 tiles, with AVX512_BF16. Included inside the anonymous namespace of an ISA file.

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
