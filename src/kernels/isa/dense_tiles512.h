// Rows of dense weights as the tiles of pairs that bf16 products read: row k of a tile has columns 2k and 2k + 1 of 16
// weight rows. bf16 is what it is; f16 and f32 become two planes, the number rounded to bf16 and what that left,
// rounded: all bits of f16, 16 of f32. Included inside the anonymous namespace of an ISA file.

// Chunk `chunk` of 16 bytes of rows `first`, first + 4, first + 8 and first + 12, a lane each.
inline __m512i load_quarters(const std::byte* rows, int64_t stride_bytes, int first, int chunk) {
  const auto at = [&](int row) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows + row * stride_bytes + 16 * chunk));
  };
  // Broadcasts under a mask leave the port that shuffles alone.
  __m512i lanes = _mm512_castsi128_si512(at(first));
  lanes = _mm512_mask_broadcast_i32x4(lanes, 0x00F0, at(first + 4));
  lanes = _mm512_mask_broadcast_i32x4(lanes, 0x0F00, at(first + 8));
  return _mm512_mask_broadcast_i32x4(lanes, 0xF000, at(first + 12));
}

// 16 rows of 64 bytes, 16 pairs each, to 16 rows of a tile.
inline void transpose_pairs(const std::byte* rows, int64_t stride_bytes, uint16_t* tile) {
#pragma GCC unroll 4
  for (int chunk = 0; chunk < 4; ++chunk, tile += 4 * RowTiles::kColumns) {
    const __m512i a = load_quarters(rows, stride_bytes, 0, chunk), b = load_quarters(rows, stride_bytes, 1, chunk);
    const __m512i c = load_quarters(rows, stride_bytes, 2, chunk), d = load_quarters(rows, stride_bytes, 3, chunk);
    const __m512i ab_low = _mm512_unpacklo_epi32(a, b), ab_high = _mm512_unpackhi_epi32(a, b);
    const __m512i cd_low = _mm512_unpacklo_epi32(c, d), cd_high = _mm512_unpackhi_epi32(c, d);
    _mm512_storeu_si512(tile, _mm512_unpacklo_epi64(ab_low, cd_low));
    _mm512_storeu_si512(tile + 32, _mm512_unpackhi_epi64(ab_low, cd_low));
    _mm512_storeu_si512(tile + 64, _mm512_unpacklo_epi64(ab_high, cd_high));
    _mm512_storeu_si512(tile + 96, _mm512_unpackhi_epi64(ab_high, cd_high));
  }
}

// The sixteen numbers that a bf16 vector's half stands for.
inline __m512 widen_bf16(__m256i half) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

// The rows that are turned next, one after the other, asked for a few lines at a time while products are computed.
struct NextRows {
  const std::byte* row = nullptr;
  int64_t stride_bytes = 0, row_lines = 0;
  int64_t rows = 0, line = 0;  // that are left; of the current one
  int64_t lines = 0;           // in one step

  void prefetch() {
    for (int64_t i = 0; i < lines && rows > 0; ++i) {
      __builtin_prefetch(row + 64 * line, 0, 2);
      if (++line == row_lines) line = 0, row += stride_bytes, --rows;
    }
  }
};

// A dense matrix, 32 columns of a panel of 16 rows at a time.
template <Dense kType>
struct DenseTiles {
  static constexpr int kPlanes = kType == Dense::bf16 ? 1 : 2;
  static constexpr int64_t kElement = kType == Dense::f32 ? 4 : 2;
  using Next = NextRows;

  const std::byte* data;
  int64_t rows;
  int64_t stride_bytes;

  // `count` tiles of columns, from `first` on, of the two panels from `panel` on, in `steps` steps; nothing when there
  // are none.
  NextRows next(int64_t panel, int64_t first, int64_t count, int64_t steps) const {
    const int64_t left = rows - panel * kPanelRows, next_rows = left < 2 * kPanelRows ? left : 2 * kPanelRows;
    if (left <= 0) return {};
    constexpr int64_t kTileBytes = RowTiles::kColumns * kElement;
    const int64_t row_lines = count * kTileBytes / 64;
    return {.row = data + panel * kPanelRows * stride_bytes + first * kTileBytes,
            .stride_bytes = stride_bytes,
            .row_lines = row_lines,
            .rows = next_rows,
            .lines = (next_rows * row_lines + steps - 1) / steps};
  }

  void unpack(int64_t panel, int64_t tile, uint16_t* tiles) const {
    const int64_t first = panel * kPanelRows, left = rows - first;
    const std::byte* at = data + first * stride_bytes + tile * RowTiles::kColumns * kElement;
    if constexpr (kType == Dense::bf16) {
      if (left >= kPanelRows) return transpose_pairs(at, stride_bytes, tiles);
    }
    alignas(64) uint16_t planes[kPlanes][kPanelRows][RowTiles::kColumns];
    for (int64_t r = 0; r < kPanelRows; ++r, at += stride_bytes) {
      if (r >= left) {
        for (auto& plane : planes) _mm512_store_si512(plane[r], _mm512_setzero_si512());
      } else if constexpr (kType == Dense::bf16) {
        _mm512_store_si512(planes[0][r], _mm512_loadu_si512(at));
      } else {
        using Stored = std::conditional_t<kType == Dense::f32, float, uint16_t>;
        const auto* const values = reinterpret_cast<const Stored*>(at);
        const __m512 low = load_as_f32(values), high = load_as_f32(values + 16);
        const auto rounded = (__m512i)_mm512_cvtne2ps_pbh(high, low);
        const __m512 low_rest = _mm512_sub_ps(low, widen_bf16(_mm512_castsi512_si256(rounded)));
        const __m512 high_rest = _mm512_sub_ps(high, widen_bf16(_mm512_extracti64x4_epi64(rounded, 1)));
        _mm512_store_si512(planes[0][r], rounded);
        _mm512_store_si512(planes[1][r], (__m512i)_mm512_cvtne2ps_pbh(high_rest, low_rest));
      }
    }
    for (int p = 0; p < kPlanes; ++p) {
      transpose_pairs(reinterpret_cast<const std::byte*>(planes[p]), 2 * RowTiles::kColumns,
                      tiles + p * kPanelRows * RowTiles::kColumns);
    }
  }

  static __m512 load_as_f32(const float* p) { return _mm512_loadu_ps(p); }
  static __m512 load_as_f32(const uint16_t* p) { return V::load_f16(p); }
};
