// Panels of 4-bit weights as 8-bit codes with one scale a row and stretch, with AVX-512. Included inside the anonymous
// namespace of an ISA file, after code_tiles.inl.h.

// The scales of a panel's rows in a stretch of `groups` groups, 8 bits for the largest magnitude.
inline __m512 stretch_scales(const PanelMatrix& w, const std::byte* group, int64_t groups) {
  const int64_t step = w.group_bytes();
  const __m512 first = _mm512_set1_ps(static_cast<float>(-w.zero));
  const __m512 last = _mm512_set1_ps(static_cast<float>(kCodeLast - w.zero));
  __m512 largest = _mm512_setzero_ps();
  if (w.scale_type == ScaleType::f16 && !w.has_min) {
    // Without minima the largest scale has the largest values, and magnitudes of f16 compare as integers do.
    const __m256i magnitude = _mm256_set1_epi16(0x7FFF);
    __m256i most = _mm256_setzero_si256();
    for (int64_t g = 0; g < groups; ++g, group += step) {
      const __m256i scale = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(group));
      most = _mm256_max_epu16(most, _mm256_and_si256(scale, magnitude));
    }
    const __m512 scale = _mm512_cvtph_ps(most);
    largest = _mm512_max_ps(_mm512_abs_ps(_mm512_mul_ps(first, scale)), _mm512_abs_ps(_mm512_mul_ps(last, scale)));
  } else {
    for (int64_t g = 0; g < groups; ++g, group += step) {
      const __m512 scale = load_scales(group, w.scale_type);
      const __m512 min = w.has_min ? load_scales(group + w.scale_bytes(), w.scale_type) : _mm512_setzero_ps();
      largest = _mm512_max_ps(largest, _mm512_max_ps(_mm512_abs_ps(_mm512_fmadd_ps(first, scale, min)),
                                                     _mm512_abs_ps(_mm512_fmadd_ps(last, scale, min))));
    }
  }
  return _mm512_mul_ps(largest, _mm512_set1_ps(1 / kCodeMax));
}

inline __m512 inverse_scales(__m512 scales) {
  const __mmask16 is_some = _mm512_cmp_ps_mask(scales, _mm512_set1_ps(1e-37f), _CMP_GT_OQ);
  return _mm512_maskz_div_ps(is_some, _mm512_set1_ps(1.0f), scales);
}

// The low half of every lane in both of its halves.
inline __m512i twice(__m512i lanes) {
  return _mm512_or_si512(_mm512_slli_epi32(lanes, 16), _mm512_and_si512(lanes, _mm512_set1_epi32(0xFFFF)));
}

// A group of 4-bit codes as 64-byte lines [16 rows][4 columns] of 8-bit codes, kBias added to each: 0 for signed
// weights, 128 for unsigned ones. inverse: of the rows' scales in the stretch.
template <int kBias>
inline __attribute__((always_inline)) void unpack_codes(const PanelMatrix& w, const std::byte* group, __m512 inverse,
                                                        std::byte* lines) {
  const __m512 scale = load_scales(group, w.scale_type);
  const __m512 min = w.has_min ? load_scales(group + w.scale_bytes(), w.scale_type) : _mm512_setzero_ps();
  const __m512 offset = _mm512_fmadd_ps(_mm512_set1_ps(static_cast<float>(kCodeMiddle - w.zero)), scale, min);
  const __m512 ratio_units = _mm512_mul_ps(inverse, _mm512_set1_ps(kRatioUnits));
  const __m512 shift_units = _mm512_mul_ps(inverse, _mm512_set1_ps(kShiftUnits));
  const __m512i ratio = twice(_mm512_cvtps_epi32(_mm512_mul_ps(scale, ratio_units)));
  const __m512i shift = _mm512_add_epi16(twice(_mm512_cvtps_epi32(_mm512_mul_ps(offset, shift_units))),
                                         _mm512_set1_epi16(64 + 128 * kBias));
  const __m512i top = _mm512_set1_epi16(static_cast<int16_t>(0xF000)), low_byte = _mm512_set1_epi16(0x00FF);
  const std::byte* codes = group + w.scale_bytes() * (w.has_min ? 2 : 1);
#pragma GCC unroll 4
  for (int line = 0; line < kCodeGroup / 8; ++line, lines += 128) {
    // A 16-bit word holds the columns 0, 4, 1 and 5 of a line from its lowest nibble up; 8 less each, in two's
    // complement, as the top of a word.
    const __m512i words =
        _mm512_xor_si512(_mm512_loadu_si512(codes + line * 64), _mm512_set1_epi16(static_cast<int16_t>(0x8888)));
    const auto code = [&](__m512i at_top) {
      return _mm512_add_epi16(_mm512_mulhrs_epi16(_mm512_and_si512(at_top, top), ratio), shift);
    };
    const auto join = [&](__m512i even, __m512i odd) {  // both in units of 1 / 128
      constexpr int kSelect = 0xCA;                     // the first operand chooses between the other two
      return _mm512_ternarylogic_epi32(low_byte, _mm512_srli_epi16(even, 7), _mm512_slli_epi16(odd, 1), kSelect);
    };
    _mm512_storeu_si512(lines, join(code(_mm512_slli_epi16(words, 12)), code(_mm512_slli_epi16(words, 4))));
    _mm512_storeu_si512(lines + 64, join(code(_mm512_slli_epi16(words, 8)), code(words)));
  }
}
