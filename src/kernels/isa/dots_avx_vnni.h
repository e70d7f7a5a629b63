// Integer dots of one group with AVX-VNNI. Included inside the anonymous namespace of an ISA file.

template <Codes kCodes, int kGroup, int kRows>
inline __attribute__((always_inline)) void group_dots(const std::byte* lines, [[maybe_unused]] const uint8_t* values,
                                                      const int8_t* x, int64_t x_stride, __m256i (&dots)[kRows]) {
  constexpr int kLines = kGroup / line_columns(kCodes);
#pragma GCC unroll 8
  for (int line = 0; line < kLines; ++line) {
    const __m256i codes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lines + line * 64));
    if constexpr (kCodes != Codes::bytes) {
      const __m256i nibble = _mm256_set1_epi8(15);
      __m256i low = _mm256_and_si256(codes, nibble);
      __m256i high = _mm256_and_si256(_mm256_srli_epi16(codes, 4), nibble);
      if constexpr (kCodes == Codes::indices) {
        const __m256i table = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(values)));
        low = _mm256_shuffle_epi8(table, low);
        high = _mm256_shuffle_epi8(table, high);
      }
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        const int8_t* at = x + r * x_stride + line * 8;
        dots[r] = _mm256_dpbusd_avx_epi32(dots[r], low, broadcast_codes(at));
        dots[r] = _mm256_dpbusd_avx_epi32(dots[r], high, broadcast_codes(at + 4));
      }
    } else {
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        dots[r] = _mm256_dpbusd_avx_epi32(dots[r], codes, broadcast_codes(x + r * x_stride + line * 4));
      }
    }
  }
}
