// Codes of E4M3 as bf16, exactly, by a table of both bytes of each magnitude (VBMI). Included inside the anonymous
// namespace of an ISA file.

struct F8Table {
  alignas(64) uint8_t low[128], high[128];

  constexpr F8Table() : low(), high() {
    for (unsigned code = 0; code < 128; ++code) {
      unsigned exponent = code >> 3, fraction = code & 7;
      if (exponent == 0 && fraction != 0) {  // a normal number of bf16
        for (exponent = 1; fraction < 8; fraction *= 2) --exponent;
        fraction -= 8;
      }
      const unsigned bits = code == 0 ? 0 : (exponent + 127 - 7) << 7 | fraction << 4;
      low[code] = static_cast<uint8_t>(bits);
      high[code] = static_cast<uint8_t>(bits >> 8);
    }
  }
};

constexpr F8Table kF8Table;

struct F8Codes {
  __m512i low[2], high[2], sign;

  F8Codes() {
    for (int i = 0; i < 2; ++i) {
      low[i] = _mm512_load_si512(kF8Table.low + 64 * i);
      high[i] = _mm512_load_si512(kF8Table.high + 64 * i);
    }
    sign = _mm512_set1_epi8(static_cast<char>(0x80));
  }

  // In each quarter of 16 codes, the first eight go to the same quarter of out[0] and the others to that of out[1].
  void to_bf16(__m512i codes, __m512i* out) const {
    const __m512i lower = _mm512_permutex2var_epi8(low[0], codes, low[1]);
    const __m512i magnitude = _mm512_permutex2var_epi8(high[0], codes, high[1]);
    const __m512i upper = _mm512_ternarylogic_epi64(magnitude, codes, sign, 0xF8);  // magnitude | (codes & sign)
    out[0] = _mm512_unpacklo_epi8(lower, upper);
    out[1] = _mm512_unpackhi_epi8(lower, upper);
  }
};
