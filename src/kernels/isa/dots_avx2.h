// Integer dots of one group with AVX2. Included inside the anonymous namespace of an ISA file.
//
// Easy to get wrong: vpmaddubsw adds two u8 x s8 products into a saturating int16. Codes of 4 bits are safe, and even
// the sums of a whole group of 32 columns are (8 * 2 * 15 * 128 = 30,720). So codes of 8 bits go as two nibbles, whose
// sums meet when int16 pairs become int32; and so do the values of a table.

template <Codes kCodes, int kGroup, int kRows>
inline __attribute__((always_inline)) void group_dots(const std::byte* lines, [[maybe_unused]] const uint8_t* values,
                                                      const int8_t* x, int64_t x_stride, __m256i (&dots)[kRows]) {
  const __m256i nibble = _mm256_set1_epi8(15);
  __m256i low_words[kRows], high_words[kRows];
  for (int r = 0; r < kRows; ++r) low_words[r] = high_words[r] = _mm256_setzero_si256();
  [[maybe_unused]] __m256i low_values = nibble, high_values = nibble;
  if constexpr (kCodes == Codes::indices) {
    const __m256i table = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(values)));
    low_values = _mm256_and_si256(table, nibble);
    high_values = _mm256_and_si256(_mm256_srli_epi16(table, 4), nibble);
  }
  constexpr int kLines = kGroup / line_columns(kCodes);
#pragma GCC unroll 8
  for (int line = 0; line < kLines; ++line) {
    const __m256i both = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lines + line * 64));
    const __m256i low = _mm256_and_si256(both, nibble);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(both, 4), nibble);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      if constexpr (kCodes == Codes::indices) {
        const int8_t* at = x + r * x_stride + line * 8;
        const __m256i first = broadcast_codes(at), second = broadcast_codes(at + 4);
        const auto add = [](__m256i& words, __m256i table, __m256i codes, __m256i four) {
          words = _mm256_add_epi16(words, _mm256_maddubs_epi16(_mm256_shuffle_epi8(table, codes), four));
        };
        add(low_words[r], low_values, low, first);
        add(low_words[r], low_values, high, second);
        add(high_words[r], high_values, low, first);
        add(high_words[r], high_values, high, second);
      } else if constexpr (kCodes == Codes::nibbles) {
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
    if constexpr (kCodes != Codes::nibbles) {
      dots[r] = _mm256_add_epi32(dots[r], _mm256_madd_epi16(high_words[r], _mm256_set1_epi16(16)));
    }
  }
}
