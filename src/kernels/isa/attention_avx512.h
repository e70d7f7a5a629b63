// Attention for AVX-512: multiply-adds for floating-point keys and values, VNNI for int8.
// Included inside the anonymous namespace of an ISA file, after attention_fma.inl.h and attention_int8.h.

// scores[i][position] of kQ queries over kB blocks, in int32; `ahead` are blocks to fetch meanwhile. queries [padded
// dim / 4][kQ] fours of codes; offsets[i] is -128 times query i's sum: VPDPBUSD wants one unsigned operand, so the
// keys' sign bits are turned.
template <int kQ, int kB>
inline void score_blocks_i8(const std::byte* const* keys, const std::byte* const* ahead, const int32_t* queries,
                            const int32_t* offsets, int64_t padded_dim, int32_t* scores) {
  __m512i sums[kQ][kB];
  for (int i = 0; i < kQ; ++i) {
    for (int b = 0; b < kB; ++b) sums[i][b] = _mm512_set1_epi32(offsets[i]);
  }
  const __m512i sign = _mm512_set1_epi8(-128);
  for (int64_t d = 0; d < padded_dim / 4; ++d) {
    __m512i key[kB];
    for (int b = 0; b < kB; ++b) {
      key[b] = _mm512_xor_si512(_mm512_loadu_si512(keys[b] + d * 64), sign);
      prefetch(ahead[b] + d * 64);
    }
    for (int i = 0; i < kQ; ++i) {
      const __m512i query = _mm512_set1_epi32(queries[d * kQ + i]);
      for (int b = 0; b < kB; ++b) sums[i][b] = _mm512_dpbusd_epi32(sums[i][b], key[b], query);
    }
  }
  for (int i = 0; i < kQ; ++i) {
    for (int b = 0; b < kB; ++b) _mm512_storeu_si512(scores + i * kScoreStride + b * 16, sums[i][b]);
  }
}

// Merges the weighted values of kD vectors of dims, from dim d on, into every query's output.
template <int kQ, int kD>
inline void add_values_i8(const ChunkGroup& group, const uint8_t* weights, int64_t d, const MergeStep* steps) {
  const int64_t padded_dim = kv_padded_dim(group.tile.head_dim);
  __m512i sums[kQ][kD];
  for (int i = 0; i < kQ; ++i) {
    for (int n = 0; n < kD; ++n) sums[i][n] = _mm512_setzero_si512();
  }
  for (int block = group.block_begin(); block < group.block_end(); ++block) {
    const std::byte* values = block_of(group.tile, group.tile.values, block) + d * 4;
    const std::byte* ahead = block_ahead(group, group.tile.values, block, 2) + d * 4;
    const uint8_t* weight = weights + block * 16 - group.origin();
    for (int64_t p = 0; p < 16; p += 4) {
      __m512i value[kD];
      for (int n = 0; n < kD; ++n) {
        value[n] = _mm512_loadu_si512(values + p * padded_dim + n * 64);
        prefetch(ahead + p * padded_dim + n * 64);
      }
      for (int i = 0; i < kQ; ++i) {
        int32_t four;
        __builtin_memcpy(&four, weight + i * kCodeStride + p, 4);
        const __m512i factor = _mm512_set1_epi32(four);
        for (int n = 0; n < kD; ++n) sums[i][n] = _mm512_dpbusd_epi32(sums[i][n], factor, value[n]);
      }
    }
  }
  for (int i = 0; i < kQ; ++i) {
    for (int n = 0; n < kD; ++n) steps[i].merge(d + n * 16, _mm512_cvtepi32_ps(sums[i][n]));
  }
}

// The same of dims d .. d + 15 where values are the first dims of the keys.
template <int kQ>
inline void add_key_dims_i8(const ChunkGroup& group, const uint8_t* weights, int64_t d, const MergeStep* steps) {
  __m512i sums[kQ][4];
  for (int i = 0; i < kQ; ++i) {
    for (int n = 0; n < 4; ++n) sums[i][n] = _mm512_setzero_si512();
  }
  const __m512i fours = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
  for (int block = group.block_begin(); block < group.block_end(); ++block) {
    const std::byte* keys = block_of(group.tile, group.tile.keys, block) + d * 16;
    const uint8_t* weight = weights + block * 16 - group.origin();
    __m512i value[4];
    for (int n = 0; n < 4; ++n) value[n] = turn_fours(keys + n * 64);
    for (int i = 0; i < kQ; ++i) {
      const __m128i own = _mm_loadu_si128(reinterpret_cast<const __m128i*>(weight + i * kCodeStride));
      const __m512i factor = _mm512_permutexvar_epi32(fours, _mm512_castsi128_si512(own));
      for (int n = 0; n < 4; ++n) sums[i][n] = _mm512_dpbusd_epi32(sums[i][n], factor, value[n]);
    }
  }
  // Quarters of a sum are those of four positions.
  const auto join = [](__m512i a, __m512i b) {
    return _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xDD));
  };
  for (int i = 0; i < kQ; ++i) {
    const __m512i sum = join(join(sums[i][0], sums[i][1]), join(sums[i][2], sums[i][3]));
    steps[i].merge(d, _mm512_cvtepi32_ps(sum));
  }
}

template <int kQ>
inline void add_key_values_i8(const ChunkGroup& group, const uint8_t* weights, const MergeStep* steps) {
  constexpr int kMost = 4, kSome = kQ < kMost ? kQ : kMost;
  for (int64_t d = 0; d < group.tile.value_dim; d += 16) add_key_dims_i8<kSome>(group, weights, d, steps);
  if constexpr (kQ > kMost) add_key_values_i8<kQ - kMost>(group, weights + kMost * kCodeStride, steps + kMost);
}

struct VnniPath {
  static constexpr int kGroup = 8;

  Int8Chunk scales;
  float factors[kQueriesMax];
  int32_t offsets[kQueriesMax];
  alignas(64) int32_t queries[kQueriesMax * kHeadDimMax / 4];  // [group][padded dim / 4][queries of the group]
  alignas(64) int32_t scores[kGroup * kScoreStride];
  alignas(64) uint8_t weights[kGroup * kCodeStride];

  void load_queries(const AttentionTile& tile) {
    const int64_t fours = kv_padded_dim(tile.head_dim) / 4;
    for (int i = 0; i < tile.query_count; ++i) {
      alignas(64) int8_t codes[kHeadDimMax];
      factors[i] = quantize_query(tile, i, codes, &offsets[i]);
      const int begin = i / kGroup * kGroup;
      const int count = tile.query_count - begin < kGroup ? tile.query_count - begin : kGroup;
      for (int64_t d = 0; d < fours; ++d) {
        __builtin_memcpy(&queries[begin * fours + d * count + i - begin], codes + d * 4, 4);
      }
    }
  }

  void begin_chunk(const ChunkGroup& all) { scales.load(all); }
  void end() {}

  void run(const ChunkGroup& group) {
    with_count<kGroup>(group.count, [&]<int kQ>() { run_queries<kQ>(group); });
  }

  template <int kQ>
  void run_queries(const ChunkGroup& group) {
    constexpr int kBlocks = blocks_at_once(kQ), kDims = dims_at_once(kQ);
    const int64_t padded_dim = kv_padded_dim(group.tile.head_dim);
    const int32_t* own = queries + group.query * padded_dim / 4;
    const std::byte *keys[kBlocks], *ahead[kBlocks];
    int block = group.block_begin();
    for (; block + kBlocks <= group.block_end(); block += kBlocks) {
      for (int b = 0; b < kBlocks; ++b) {
        keys[b] = block_of(group.tile, group.tile.keys, block + b);
        ahead[b] = block_ahead(group, group.tile.keys, block + b, kBlocks);
      }
      score_blocks_i8<kQ, kBlocks>(keys, ahead, own, offsets + group.query, padded_dim,
                                   scores + block * 16 - group.origin());
    }
    for (; block < group.block_end(); ++block) {
      keys[0] = block_of(group.tile, group.tile.keys, block);
      ahead[0] = block_ahead(group, group.tile.keys, block, 1);
      score_blocks_i8<kQ, 1>(keys, ahead, own, offsets + group.query, padded_dim, scores + block * 16 - group.origin());
    }
    MergeStep steps[kQ];
    for (int i = 0; i < kQ; ++i) {
      steps[i] =
          weigh_i8(group, i, factors[group.query + i], scales, scores + i * kScoreStride, weights + i * kCodeStride);
    }
    if (group.tile.values == nullptr) return add_key_values_i8<kQ>(group, weights, steps);
    int64_t d = 0;
    for (; d + kDims * 16 <= padded_dim; d += kDims * 16) add_values_i8<kQ, kDims>(group, weights, d, steps);
    for (; d + kDims * 8 <= padded_dim; d += kDims * 8) add_values_i8<kQ, kDims / 2>(group, weights, d, steps);
    for (; d < padded_dim; d += 16) add_values_i8<kQ, 1>(group, weights, d, steps);
  }
};

void attention(const AttentionTile& tile) noexcept {
  switch (tile.type) {
    case KvType::f32:
      return attend<FmaPath<KvType::f32>>(tile);
    case KvType::f16:
      return attend<FmaPath<KvType::f16>>(tile);
    case KvType::bf16:
      return attend<FmaPath<KvType::bf16>>(tile);
    case KvType::int8:
      // Codes of weights are made straight from integer scores, which a cap would have to leave.
      return tile.softcap > 0 ? attend<FmaPath<KvType::int8>>(tile) : attend<VnniPath>(tile);
  }
}
