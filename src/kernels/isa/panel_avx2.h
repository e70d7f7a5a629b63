// Panel products with AVX2: the same panels read as two halves of 8 rows.
// Included inside the anonymous namespace of an ISA file.
//
// Easy to get wrong: vpmaddubsw adds two u8 x s8 products into a saturating int16. 4-bit codes are safe (2 * 15 * 127,
// and even a whole group of eight such sums is 30,480); 8-bit codes are not, so they go in as |w| and sign(a, w), where
// 2 * 128 * 127 still fits.

inline __m256 load_scales(const std::byte* at, bool is_f16) {
  return is_f16 ? _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)))
                : _mm256_loadu_ps(reinterpret_cast<const float*>(at));
}

inline __m256i broadcast_codes(const int8_t* codes) {
  int32_t four;
  __builtin_memcpy(&four, codes, 4);
  return _mm256_set1_epi32(four);
}

// Adds the group's integer dots of kRows rows against the 8 weight rows of one half. 8-bit codes are u8 = s8 + 128;
// their dots come out without that offset.
template <int kBits, int kGroup, int kRows>
inline void half_dots(const std::byte* codes, const int8_t* const* x, int64_t column, __m256i (&dots)[kRows]) {
  const __m256i ones = _mm256_set1_epi16(1);
  if constexpr (kBits == 4) {
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i words[kRows];
    for (int r = 0; r < kRows; ++r) words[r] = _mm256_setzero_si256();
    for (int line = 0; line < kGroup / 8; ++line) {
      const __m256i both = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + line * 64));
      const __m256i low = _mm256_and_si256(both, nibble);
      const __m256i high = _mm256_and_si256(_mm256_srli_epi16(both, 4), nibble);
      for (int r = 0; r < kRows; ++r) {
        const int8_t* at = x[r] + column + line * 8;
        words[r] = _mm256_add_epi16(words[r], _mm256_maddubs_epi16(low, broadcast_codes(at)));
        words[r] = _mm256_add_epi16(words[r], _mm256_maddubs_epi16(high, broadcast_codes(at + 4)));
      }
    }
    for (int r = 0; r < kRows; ++r) dots[r] = _mm256_madd_epi16(words[r], ones);
  } else {
    const __m256i offset = _mm256_set1_epi8(static_cast<char>(0x80));
    for (int r = 0; r < kRows; ++r) dots[r] = _mm256_setzero_si256();
    for (int line = 0; line < kGroup / 4; ++line) {
      const __m256i stored = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + line * 64));
      const __m256i weights = _mm256_xor_si256(stored, offset);
      const __m256i magnitudes = _mm256_abs_epi8(weights);
      for (int r = 0; r < kRows; ++r) {
        const __m256i signed_x = _mm256_sign_epi8(broadcast_codes(x[r] + column + line * 4), weights);
        dots[r] = _mm256_add_epi32(dots[r], _mm256_madd_epi16(_mm256_maddubs_epi16(magnitudes, signed_x), ones));
      }
    }
  }
}

template <int kBits, int kGroup, bool kIsWide, int kRows>
void panel_tile(const PanelMatrix& w, int64_t panel, int half, const QuantizedRows& x, int64_t row, float* out,
                int64_t out_stride) {
  const int8_t* codes[kRows];
  const int8_t* low_codes[kRows];
  const ActivationBlock* blocks[kRows];
  for (int r = 0; r < kRows; ++r) {
    codes[r] = x.codes + (row + r) * x.columns;
    if constexpr (kIsWide) low_codes[r] = x.low_codes + (row + r) * x.columns;
    blocks[r] = x.blocks + (row + r) * x.block_count();
  }
  const int64_t scale_bytes = w.scale_bytes();
  const int64_t header = scale_bytes * (w.has_min ? 2 : 1);
  const int64_t half_scales = half * scale_bytes / 2;
  const __m256 zero = _mm256_set1_ps(static_cast<float>(kBits == 8 ? 128 - w.zero : -w.zero));
  const std::byte* group = w.data + panel * w.panel_bytes();
  __m256 sums[kRows];
  for (int r = 0; r < kRows; ++r) sums[r] = _mm256_setzero_ps();
  for (int64_t column = 0; column < w.columns; column += kGroup, group += w.group_bytes()) {
    __m256i dots[kRows];
    half_dots<kBits, kGroup, kRows>(group + header + half * 32, codes, column, dots);
    __m256 values[kRows];
    for (int r = 0; r < kRows; ++r) values[r] = _mm256_cvtepi32_ps(dots[r]);
    if constexpr (kIsWide) {
      half_dots<kBits, kGroup, kRows>(group + header + half * 32, low_codes, column, dots);
      const __m256 step = _mm256_set1_ps(1 / kLowCodeSteps);
      for (int r = 0; r < kRows; ++r) values[r] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots[r]), step, values[r]);
    }
    const __m256 scale = load_scales(group + half_scales, w.is_scale_f16);
    __m256 min = _mm256_mul_ps(scale, zero);
    if (w.has_min) min = _mm256_add_ps(min, load_scales(group + scale_bytes + half_scales, w.is_scale_f16));
    for (int r = 0; r < kRows; ++r) {
      const ActivationBlock& block = blocks[r][column / kActivationBlock];
      const float sum = kGroup == 32 ? block.sum : column % 32 == 0 ? block.first_half : block.second_half;
      const __m256 product = _mm256_mul_ps(scale, values[r]);
      sums[r] = _mm256_fmadd_ps(product, _mm256_set1_ps(block.scale), sums[r]);
      sums[r] = _mm256_fmadd_ps(min, _mm256_set1_ps(sum), sums[r]);
    }
  }
  const int64_t n = panel * kPanelRows + half * 8;
  for (int r = 0; r < kRows; ++r) {
    alignas(32) float lanes[8];
    _mm256_store_ps(lanes, sums[r]);
    for (int64_t i = 0; i < 8 && n + i < w.rows; ++i) out[(row + r) * out_stride + n + i] = lanes[i];
  }
}

template <int kBits, int kGroup, bool kIsWide>
void panel_gemm_of(const PanelMatrix& w, int64_t panel, int64_t panel_end, const QuantizedRows& x, int64_t row_begin,
                   int64_t row_end, float* out, int64_t out_stride) {
  for (; panel < panel_end; ++panel) {
    for (int half = 0; half < 2; ++half) {
      int64_t row = row_begin;
      for (; row + 4 <= row_end; row += 4)
        panel_tile<kBits, kGroup, kIsWide, 4>(w, panel, half, x, row, out, out_stride);
      for (; row < row_end; ++row) panel_tile<kBits, kGroup, kIsWide, 1>(w, panel, half, x, row, out, out_stride);
    }
  }
}
