// The vector vocabulary for AVX-512: 16 floats. Included inside an anonymous namespace of an ISA file.
struct V {
  using Reg = __m512;
  static constexpr int kWidth = 16;

  static Reg load(const float* p) { return _mm512_loadu_ps(p); }
  static Reg load_f16(const uint16_t* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static Reg load_bf16(const uint16_t* p) {
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
  }
  // 16 codes of E4M3 times 2^-8: sign, exponent and fraction at their places in f16, whose bias is larger.
  static Reg load_f8(const std::byte* p) {
    const __m256i wide = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    const __m256i mask = _mm256_set1_epi16(static_cast<short>(0xBF80));
    return _mm512_cvtph_ps(_mm256_and_si256(_mm256_slli_epi16(wide, 7), mask));
  }
  // 16 pairs of bf16: the first of each, then the second.
  static void split_bf16(const void* p, Reg* out) {
    const __m512i pairs = _mm512_loadu_si512(p);
    out[0] = _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16));
    out[1] = _mm512_castsi512_ps(_mm512_and_si512(pairs, _mm512_set1_epi32(static_cast<int>(0xFFFF0000))));
  }
  // 16 fours of int8: the first of each, and so on.
  static void split_i8(const void* p, Reg* out) {
    const __m512i fours = _mm512_loadu_si512(p);
    out[0] = _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_slli_epi32(fours, 24), 24));
    out[1] = _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_slli_epi32(fours, 16), 24));
    out[2] = _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_slli_epi32(fours, 8), 24));
    out[3] = _mm512_cvtepi32_ps(_mm512_srai_epi32(fours, 24));
  }
  static void store(float* p, Reg a) { _mm512_storeu_ps(p, a); }
  static void store_f16(uint16_t* p, Reg a) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  static Reg set1(float a) { return _mm512_set1_ps(a); }
  static Reg zero() { return _mm512_setzero_ps(); }
  static Reg add(Reg a, Reg b) { return _mm512_add_ps(a, b); }
  static Reg sub(Reg a, Reg b) { return _mm512_sub_ps(a, b); }
  static Reg mul(Reg a, Reg b) { return _mm512_mul_ps(a, b); }
  static Reg div(Reg a, Reg b) { return _mm512_div_ps(a, b); }
  static Reg max(Reg a, Reg b) { return _mm512_max_ps(a, b); }
  static Reg min(Reg a, Reg b) { return _mm512_min_ps(a, b); }
  static Reg abs(Reg a) { return _mm512_abs_ps(a); }
  static Reg fma(Reg a, Reg b, Reg c) { return _mm512_fmadd_ps(a, b, c); }    // a * b + c
  static Reg fnma(Reg a, Reg b, Reg c) { return _mm512_fnmadd_ps(a, b, c); }  // c - a * b
  static Reg round(Reg a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  static Reg floor(Reg a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC); }
  static Reg pow2(Reg n) { return _mm512_scalef_ps(_mm512_set1_ps(1.0f), n); }  // 2^n, n integral
  static float sum(Reg a) { return _mm512_reduce_add_ps(a); }
  // Lane i is the sum of x[i], of kWidth of them.
  static Reg sum_each(const Reg* x) {
    // Halves of x[i] and x[i + 8], then quarters of four of them, then the fours in a quarter.
    Reg halves[8], quarters[4], pairs[2];
    for (int i = 0; i < 8; ++i) {
      halves[i] = _mm512_add_ps(_mm512_shuffle_f32x4(x[i], x[i + 8], 0x44), _mm512_shuffle_f32x4(x[i], x[i + 8], 0xEE));
    }
    for (int i = 0; i < 4; ++i) {
      const Reg a = halves[i], b = halves[i + 4];
      quarters[i] = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xDD));
    }
    for (int i = 0; i < 2; ++i) {
      const Reg a = quarters[2 * i], b = quarters[2 * i + 1];
      pairs[i] = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    }
    const Reg sums =
        _mm512_add_ps(_mm512_shuffle_ps(pairs[0], pairs[1], 0x44), _mm512_shuffle_ps(pairs[0], pairs[1], 0xEE));
    return _mm512_shuffle_f32x4(sums, sums, 0xD8);  // the quarters are those of x[0], x[8], x[4] and x[12] on
  }
  static float largest(Reg a) { return _mm512_reduce_max_ps(a); }
  // Lane i keeps a where i < count, else takes b.
  static Reg keep_first(Reg a, int count, Reg b) {
    return _mm512_mask_blend_ps(static_cast<__mmask16>((1u << count) - 1), b, a);
  }
  // Rounded to the nearest int8, kWidth of them.
  static void store_i8(int8_t* p, Reg a) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(a)));
  }
};

// 16 scales or minima of a panel's group.
inline __m512 load_scales(const std::byte* at, ScaleType type) {
  if (type == ScaleType::f32) return _mm512_loadu_ps(reinterpret_cast<const float*>(at));
  const auto* const halves = reinterpret_cast<const uint16_t*>(at);
  return type == ScaleType::f16 ? V::load_f16(halves) : V::load_bf16(halves);
}
