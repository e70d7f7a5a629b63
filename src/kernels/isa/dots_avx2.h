// Integer dots of one group with AVX2. Included inside the anonymous namespace of an ISA file.
//
// Easy to get wrong: vpmaddubsw adds two u8 x s8 products into a saturating int16. Codes of 4 bits are safe, and even
// the sums of a whole group of 32 columns are (8 * 2 * 15 * 128 = 30,720). So codes of 8 bits go as two nibbles, whose
// sums meet when int16 pairs become int32.

template <int kBits, int kGroup, int kRows>
inline __attribute__((always_inline)) void group_dots(const std::byte* lines, const int8_t* x, int64_t x_stride,
                                                      __m256i (&dots)[kRows]) {
  const __m256i nibble = _mm256_set1_epi8(15);
  __m256i low_words[kRows], high_words[kRows];
  for (int r = 0; r < kRows; ++r) low_words[r] = high_words[r] = _mm256_setzero_si256();
#pragma GCC unroll 8
  for (int line = 0; line < kGroup * kBits / 32; ++line) {
    const __m256i both = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lines + line * 64));
    const __m256i low = _mm256_and_si256(both, nibble);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(both, 4), nibble);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      if constexpr (kBits == 4) {
        const int8_t* at = x + r * x_stride + line * 8;
        low_words[r] = _mm256_add_epi16(low_words[r], _mm256_maddubs_epi16(low, broadcast_codes(at)));
        low_words[r] = _mm256_add_epi16(low_words[r], _mm256_maddubs_epi16(high, broadcast_codes(at + 4)));
      } else {
        const __m256i four = broadcast_codes(x + r * x_stride + line * 4);
        low_words[r] = _mm256_add_epi16(low_words[r], _mm256_maddubs_epi16(low, four));
        high_words[r] = _mm256_add_epi16(high_words[r], _mm256_maddubs_epi16(high, four));
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    dots[r] = _mm256_add_epi32(dots[r], _mm256_madd_epi16(low_words[r], _mm256_set1_epi16(1)));
    if constexpr (kBits == 8) {
      dots[r] = _mm256_add_epi32(dots[r], _mm256_madd_epi16(high_words[r], _mm256_set1_epi16(16)));
    }
  }
}
