// Attention over int8 keys and values with integer dot products: what VNNI and AMX share. Integer sums are exact, so
// the two give the same bits.
// Included inside the anonymous namespace of an ISA file for AVX-512, after attention.inl.h.
//
// A query is rounded to s8 with one scale. A weight times its value's scale is what a value's code is multiplied by, so
// the product is rounded to u8, relative to the largest product of the chunk: positions whose values are small, as
// those that soak up attention are, then cost the others no precision.

constexpr int kCodeStride = kAttentionChunk + 64;

// 2^x for x <= 0 or little above, to 1e-4: enough where the result is rounded to 8 bits. Exactly 0 for kNever.
inline __m512 exp2_rough(__m512 x) {
  const __m512 r = _mm512_reduce_ps(x, 0x09);  // x - floor(x)
  __m512 p = _mm512_set1_ps(0.0780245227f);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.226067155f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.695833541f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.999925219f));
  return _mm512_scalef_ps(p, x);  // floors x itself
}

// log2 of positive normal numbers to 2e-5: log2(m) = 2 atanh((m - 1) / (m + 1)) / ln 2.
inline __m512 log2_rough(__m512 x) {
  const __m512 one = _mm512_set1_ps(1.0f);
  const __m512 m = _mm512_getmant_ps(x, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_zero);
  const __m512 t = _mm512_div_ps(_mm512_sub_ps(m, one), _mm512_add_ps(m, one));
  const __m512 squared = _mm512_mul_ps(t, t);
  __m512 p = _mm512_set1_ps(2.88539008f / 7);
  p = _mm512_fmadd_ps(p, squared, _mm512_set1_ps(2.88539008f / 5));
  p = _mm512_fmadd_ps(p, squared, _mm512_set1_ps(2.88539008f / 3));
  p = _mm512_fmadd_ps(p, squared, _mm512_set1_ps(2.88539008f));
  return _mm512_fmadd_ps(p, t, _mm512_getexp_ps(x));
}

// Rounds a query; returns what turns its products with key codes into scores in units of log2, but for the key's scale.
inline float quantize_query(const AttentionTile& tile, int i, int8_t* codes, int32_t* offset) {
  const int padded_dim = kv_padded_dim(tile.head_dim);
  alignas(64) float padded[kHeadDimMax];
  __m512 large = _mm512_setzero_ps();
  for (int d = 0; d < padded_dim; ++d) padded[d] = d < tile.head_dim ? tile.queries[i][d] : 0.0f;
  for (int d = 0; d < padded_dim; d += 16) large = _mm512_max_ps(large, _mm512_abs_ps(_mm512_load_ps(padded + d)));
  const float largest = _mm512_reduce_max_ps(large);
  const __m512 inverse = _mm512_set1_ps(largest > 0 ? 127.0f / largest : 0.0f);
  __m512i sum = _mm512_setzero_si512();
  for (int d = 0; d < padded_dim; d += 16) {
    const __m512i wide = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_load_ps(padded + d), inverse));
    sum = _mm512_add_epi32(sum, wide);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(codes + d), _mm512_cvtsepi32_epi8(wide));
  }
  *offset = -128 * _mm512_reduce_add_epi32(sum);
  return largest / 127.0f * tile.scale * kLog2E;
}

// Keys keep the dims of a position together, in fours; where they are values, products want the positions of a dim
// together: 16 positions of 4 dims by fours of positions, [4][4 dims][4 positions].
inline __m512i turn_fours(const std::byte* four_dims) {
  const __m512i by_dims = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  return _mm512_shuffle_epi8(_mm512_loadu_si512(four_dims), by_dims);
}

// The scales of a chunk's keys and values, in the forms weigh_i8 needs.
struct Int8Chunk {
  alignas(64) float key[kAttentionChunk];
  alignas(64) float value_log2[kAttentionChunk], value_inverse[kAttentionChunk];

  void load(const ChunkGroup& all) {
    const int64_t codes = kv_code_bytes(KvType::int8, all.tile.head_dim);
    for (int block = all.block_begin(); block < all.block_end(); ++block) {
      const int at = block * 16 - all.origin();
      _mm512_store_ps(key + at, _mm512_loadu_ps(block_of(all.tile, all.tile.keys, block) + codes));
      const __m512 scale = _mm512_loadu_ps(block_of(all.tile, value_base(all.tile), block) + codes);
      const __m512 positive = _mm512_max_ps(scale, _mm512_set1_ps(1e-20f));  // a position of zeros has no logarithm
      _mm512_store_ps(value_log2 + at, log2_rough(positive));
      _mm512_store_ps(value_inverse + at, _mm512_div_ps(_mm512_set1_ps(1.0f), positive));
    }
  }
};

// Turns query i's integer scores over the chunk into u8 weights; scores are overwritten. What lies outside the blocks
// of the group but within the same 64 positions gets weight 0.
inline MergeStep weigh_i8(const ChunkGroup& group, int i, float factor, const Int8Chunk& scales, int32_t* scores,
                          uint8_t* weights) {
  const int low = group.block_begin() * 16 - group.origin(), high = group.block_end() * 16 - group.origin();
  const int from = group.from(i), to = group.to(i);
  for (int p = low & ~63; p < low; p += 16) _mm_storeu_si128(reinterpret_cast<__m128i*>(weights + p), __m128i{});
  for (int p = high; p < ((high + 63) & ~63); p += 16) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(weights + p), __m128i{});
  }
  if (from >= to) {
    for (int p = low; p < high; p += 16) _mm_storeu_si128(reinterpret_cast<__m128i*>(weights + p), __m128i{});
    return group.finish(i, -__builtin_inff(), 0.0f);
  }
  const __m512 factors = _mm512_set1_ps(factor);
  __m512 large = _mm512_set1_ps(kNever);
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (int p = low; p < high; p += 16) {
    const __m512 dot = _mm512_cvtepi32_ps(_mm512_loadu_si512(scores + p));
    const __m512 key = _mm512_mul_ps(_mm512_load_ps(scales.key + p), factors);
    __m512 score = _mm512_fmadd_ps(dot, key, _mm512_load_ps(scales.value_log2 + p));
    if (p < from || p + 16 > to) {
      const __mmask16 seen = _mm512_cmpge_epi32_mask(lanes, _mm512_set1_epi32(from - p)) &
                             _mm512_cmplt_epi32_mask(lanes, _mm512_set1_epi32(to - p));
      score = _mm512_mask_blend_ps(seen, _mm512_set1_ps(kNever), score);
    }
    large = _mm512_max_ps(large, score);
    _mm512_storeu_ps(scores + p, score);
  }
  const float top = _mm512_reduce_max_ps(large) - 7.99435344f;  // the largest weight becomes 255 = 2^7.994
  const __m512 tops = _mm512_set1_ps(top);
  __m512 sum = _mm512_setzero_ps();
  for (int p = low; p < high; p += 16) {
    const __m512 weight = exp2_rough(_mm512_sub_ps(_mm512_loadu_ps(scores + p), tops));
    sum = _mm512_fmadd_ps(weight, _mm512_load_ps(scales.value_inverse + p), sum);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(weights + p), _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(weight)));
  }
  return group.finish(i, top, _mm512_reduce_add_ps(sum));
}
