// Panel products with 256-bit vectors, for AVX2 and AVX-VNNI: the panels are read as two halves of 8 weight rows.
// Included inside the anonymous namespace of an ISA file, before its group_dots.
//
// As in panel_vnni512.h: int32 within a group, starting at minus the zero point times the group's sum; f32 sums in
// units of the activation block's scale.

// Adds the integer dots of u8 weight codes and s8 activation codes of one group.
// `values` is the table of codes that have one.
template <Codes kCodes, int kGroup, int kRows>
void group_dots(const std::byte* lines, const uint8_t* values, const int8_t* x, int64_t x_stride,
                __m256i (&dots)[kRows]);

inline __m256i broadcast_codes(const int8_t* codes) {
  int32_t four;
  __builtin_memcpy(&four, codes, 4);
  return _mm256_set1_epi32(four);
}

inline __m256 load_scales(const std::byte* at, ScaleType type) {
  if (type == ScaleType::f32) return _mm256_loadu_ps(reinterpret_cast<const float*>(at));
  const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  return type == ScaleType::f16 ? _mm256_cvtph_ps(halves)
                                : _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

template <Codes kCodes, int kGroup, bool kIsWide, int kRows>
void panel_tile(const PanelMatrix& w, int64_t panel, int side, const QuantizedRows& x, int64_t row,
                const ProductRows& out) {
  constexpr int kHalves = kActivationGroup / kGroup;
  const int8_t* codes = x.codes + row * x.columns;
  const int64_t to_low = kIsWide ? x.low_codes - x.codes : 0;
  const ActivationScale* scales = x.scales + row * x.block_count();
  const ActivationSums* group_sums = x.sums + row * x.group_count();
  const int64_t scale_stride = x.block_count(), sum_stride = x.group_count();
  const int64_t scale_bytes = w.scale_bytes(), lines = scale_bytes * (w.has_min ? 2 : 1) + side * 32;
  const int64_t half_scales = side * scale_bytes / 2;
  const __m256i zero = _mm256_set1_epi32(w.zero);
  const std::byte* group = w.data + panel * w.panel_bytes();
  __m256 sums[kRows];
  for (int r = 0; r < kRows; ++r) sums[r] = _mm256_setzero_ps();
  for (int64_t g = 0; g < sum_stride; ++g, ++group_sums, codes += kActivationGroup) {
    if (g % (kActivationBlock / kActivationGroup) == 0 && g > 0) {
      ++scales;
      for (int r = 0; r < kRows; ++r) {
        sums[r] = _mm256_mul_ps(sums[r], _mm256_set1_ps(scales[r * scale_stride].ratio));
      }
    }
    for (int half = 0; half < kHalves; ++half, group += w.group_bytes()) {
      const int8_t* at = codes + half * 16;
      __m256i dots[kRows];
      for (int r = 0; r < kRows; ++r) dots[r] = _mm256_setzero_si256();
      group_dots<kCodes, kGroup, kRows>(group + lines, w.values, at, x.columns, dots);
      if constexpr (kIsWide) {
        for (int r = 0; r < kRows; ++r) dots[r] = _mm256_slli_epi32(dots[r], 8);
        group_dots<kCodes, kGroup, kRows>(group + lines, w.values, at + to_low, x.columns, dots);
      }
      const __m256 scale = load_scales(group + half_scales, w.scale_type);
      for (int r = 0; r < kRows; ++r) {
        const ActivationSums& of_row = group_sums[r * sum_stride];
        const __m256i minus = _mm256_set1_epi32(kHalves == 1 ? of_row.minus_all : of_row.minus_half[half]);
        const __m256i dot = _mm256_add_epi32(dots[r], _mm256_mullo_epi32(minus, zero));
        sums[r] = _mm256_fmadd_ps(scale, _mm256_cvtepi32_ps(dot), sums[r]);
      }
      if (w.has_min) {
        const __m256 min = load_scales(group + scale_bytes + half_scales, w.scale_type);
        for (int r = 0; r < kRows; ++r) {
          const ActivationSums& of_row = group_sums[r * sum_stride];
          sums[r] = _mm256_fmadd_ps(min, _mm256_set1_ps(kHalves == 1 ? of_row.all : of_row.half[half]), sums[r]);
        }
      }
    }
  }
  const int64_t n = panel * kPanelRows + side * 8;
  for (int r = 0; r < kRows; ++r) {
    alignas(32) float lanes[8];
    _mm256_store_ps(lanes, _mm256_mul_ps(sums[r], _mm256_set1_ps(scales[r * scale_stride].scale)));
    float* target = out.values + (row + r) * out.stride + n;
    for (int64_t i = 0; i < 8 && n + i < w.rows; ++i) target[i] = out.is_added ? target[i] + lanes[i] : lanes[i];
  }
}

template <Codes kCodes, int kGroup, bool kIsWide>
void panel_gemm_of(const PanelMatrix& w, int64_t panel, int64_t panel_end, const QuantizedRows& x, int64_t row_begin,
                   int64_t row_end, const ProductRows& out) {
  using Tile = decltype(&panel_tile<kCodes, kGroup, kIsWide, 1>);
  static constexpr Tile kTiles[] = {nullptr, panel_tile<kCodes, kGroup, kIsWide, 1>,
                                    panel_tile<kCodes, kGroup, kIsWide, 2>, panel_tile<kCodes, kGroup, kIsWide, 3>,
                                    panel_tile<kCodes, kGroup, kIsWide, 4>};
  constexpr int64_t kRowsMax = 4;
  for (; panel < panel_end; ++panel) {
    for (int side = 0; side < 2; ++side) {
      for (int64_t row = row_begin; row < row_end;) {
        const int64_t left = row_end - row;
        const int64_t count = left <= kRowsMax ? left : left < 2 * kRowsMax ? (left + 1) / 2 : kRowsMax;
        kTiles[count](w, panel, side, x, row, out);
        row += count;
      }
    }
  }
}
