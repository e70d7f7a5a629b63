// Attention on AMX tiles, for bf16 and int8 keys and values.
// Included inside the anonymous namespace of an ISA file, after amx_tiles.h and attention_int8.h.
//
// Queries are rows of A tiles. Keys lie in their blocks as B tiles already. Values of a block fill half a B tile (bf16)
// or a quarter (int8), so a chunk's values are gathered once for all queries of the attention tile.

// Macros, because tile numbers become text of the assembler. Queries by keys, and weights by values.
#define ESTOC_TILE_SCORE(sum, a, b) \
  if constexpr (kIsInt8) {          \
    _tile_dpbssd(sum, a, b);        \
  } else {                          \
    _tile_dpbf16ps(sum, a, b);      \
  }
#define ESTOC_TILE_WEIGH(sum, a, b) \
  if constexpr (kIsInt8) {          \
    _tile_dpbusd(sum, a, b);        \
  } else {                          \
    _tile_dpbf16ps(sum, a, b);      \
  }

template <KvType kType>
struct AmxPath {
  static constexpr bool kIsInt8 = kType == KvType::int8;
  static constexpr int kGroup = 32;
  static constexpr int kElementBytes = kIsInt8 ? 1 : 2;
  static constexpr int kStep = 64 / kElementBytes;  // elements of a row of A: dims of a query, or positions
  static constexpr int kStepBlocks = kStep / 16;
  static constexpr int kSumStride = 48;
  using Weight = std::conditional_t<kIsInt8, uint8_t, uint16_t>;

  alignas(64) std::byte queries[kQueriesMax * kHeadDimMax * kElementBytes];     // [query][padded dim]
  alignas(64) std::byte values[kAttentionChunk * kHeadDimMax * kElementBytes];  // [step][16 rows][padded dim][4 bytes]
  alignas(64) float scores[kGroup * kScoreStride];
  alignas(64) Weight weights[kGroup * kCodeStride];
  alignas(64) float sums[kGroup * kSumStride];
  float factors[kQueriesMax];
  Int8Chunk scales;
  int configured_rows = 0;

  // Tiles 0-3: sums, of row tile 0 (0, 1) and 1 (2, 3); 4, 5: rows of A; 6, 7: B.
  void configure(int rows) {
    if (rows == configured_rows) return;
    configured_rows = rows;
    TileConfig config;
    const int low = rows < 16 ? rows : 16, high = rows > 16 ? rows - 16 : 1;
    config.set(0, low), config.set(1, low), config.set(4, low);
    config.set(2, high), config.set(3, high), config.set(5, high);
    config.set(6, 16), config.set(7, 16);
    memory_fence();
    config.load();
  }

  void end() { _tile_release(); }

  void load_queries(const AttentionTile& tile) {
    const int padded_dim = kv_padded_dim(tile.head_dim);
    for (int i = 0; i < tile.query_count; ++i) {
      std::byte* row = queries + i * padded_dim * kElementBytes;
      if constexpr (kIsInt8) {
        int32_t unused;
        factors[i] = quantize_query(tile, i, reinterpret_cast<int8_t*>(row), &unused);
      } else {
        const __m512 scale = _mm512_set1_ps(tile.scale * kLog2E);
        for (int d = 0; d < padded_dim; d += 16) {
          const __m512 x = _mm512_mul_ps(_mm512_loadu_ps(tile.queries[i] + d), scale);
          _mm256_storeu_si256(reinterpret_cast<__m256i*>(row + d * 2), (__m256i)_mm512_cvtneps_pbh(x));
        }
      }
    }
  }

  void begin_chunk(const ChunkGroup& all) {
    if constexpr (kIsInt8) scales.load(all);
    const int64_t block_bytes = kv_code_bytes(kType, all.tile.head_dim);
    const int begin = all.block_begin(), end = all.block_end(), origin = all.origin() / 16;
    for (int block = begin / kStepBlocks * kStepBlocks; block % kStepBlocks != 0 || block < end; ++block) {
      std::byte* to = values + (block - origin) * block_bytes;
      const bool is_there = block >= begin && block < end;  // else a neighbour in the same tile, whose weights are 0
      const std::byte* from = is_there ? block_of(all.tile, value_base(all.tile), block) : nullptr;
      if (is_there && all.tile.values == nullptr) {
        turn_keys(from, all.tile, to);
        continue;
      }
      for (int64_t at = 0; at < block_bytes; at += 64) {
        _mm512_store_si512(to + at, is_there ? _mm512_loadu_si512(from + at) : _mm512_setzero_si512());
      }
    }
  }

  // A block of keys in the layout of values, as far as they are that.
  static void turn_keys(const std::byte* keys, const AttentionTile& tile, std::byte* to) {
    const int64_t row_bytes = int64_t{kv_padded_dim(tile.head_dim)} * 4;
    for (int64_t d = 0; d < value_columns(tile); d += 16, keys += 16 * 16 * kElementBytes) {
      // 16 dims of 16 positions; a row of them is 4 dims (2 of bf16) of each position.
      __m512i x[8];
      if constexpr (kIsInt8) {
        for (int i = 0; i < 4; ++i) x[i] = turn_fours(keys + i * 64);
        swap_quarters(x[0], x[1], x[2], x[3]);
        for (int i = 0; i < 4; ++i) _mm512_storeu_si512(to + i * row_bytes + d * 4, x[i]);
      } else {
        const __m512i by_dims =
            _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15));
        for (int i = 0; i < 8; ++i) x[i] = _mm512_shuffle_epi8(_mm512_loadu_si512(keys + i * 64), by_dims);
        for (int i = 0; i < 8; i += 2) {
          const __m512i even = _mm512_unpacklo_epi64(x[i], x[i + 1]);
          x[i + 1] = _mm512_unpackhi_epi64(x[i], x[i + 1]);
          x[i] = even;
        }
        swap_quarters(x[0], x[2], x[4], x[6]);
        swap_quarters(x[1], x[3], x[5], x[7]);
        for (int i = 0; i < 8; ++i) _mm512_storeu_si512(to + i * row_bytes + d * 4, x[i]);
      }
    }
  }
  // Quarter j of the i-th becomes quarter i of the j-th.
  static void swap_quarters(__m512i& a, __m512i& b, __m512i& c, __m512i& d) {
    const __m512i ab = _mm512_shuffle_i64x2(a, b, 0x44), ab_high = _mm512_shuffle_i64x2(a, b, 0xEE);
    const __m512i cd = _mm512_shuffle_i64x2(c, d, 0x44), cd_high = _mm512_shuffle_i64x2(c, d, 0xEE);
    a = _mm512_shuffle_i64x2(ab, cd, 0x88);
    b = _mm512_shuffle_i64x2(ab, cd, 0xDD);
    c = _mm512_shuffle_i64x2(ab_high, cd_high, 0x88);
    d = _mm512_shuffle_i64x2(ab_high, cd_high, 0xDD);
  }
  // Dims of values, of which tiles take 32 at a time.
  static int64_t value_columns(const AttentionTile& tile) { return (output_dim(tile) + 31) / 32 * 32; }

  // Asks for this group's share of what the next chunk will read in place of the given block: all groups together have
  // the time of a chunk to wait for memory. The first cache is left to this chunk. (Always inlined: g++ drops calls of
  // functions that do nothing but ask for memory.)
  __attribute__((always_inline)) static void prefetch_next(const ChunkGroup& group, int block) {
    const int bytes = kv_head_bytes(kType, group.tile.head_dim);
    const int groups = (group.tile.query_count + kGroup - 1) / kGroup, index = group.query / kGroup;
    const int begin = bytes * index / groups / 64 * 64, end = bytes * (index + 1) / groups / 64 * 64;
    const std::byte* keys = block_ahead(group, group.tile.keys, block, kAttentionChunk / 16);
    const std::byte* next_values = block_ahead(group, value_base(group.tile), block, kAttentionChunk / 16);
    for (int at = begin; at < end; at += 64) {
      _mm_prefetch(reinterpret_cast<const char*>(keys + at), _MM_HINT_T1);
      _mm_prefetch(reinterpret_cast<const char*>(next_values + at), _MM_HINT_T1);
    }
  }

  // The scores of kBlocks blocks, in f32 or int32.
  template <int kRowTiles, int kBlocks>
  void score_blocks(const ChunkGroup& group, int block) {
    const int64_t row_bytes = int64_t{kv_padded_dim(group.tile.head_dim)} * kElementBytes;
    const std::byte* rows = queries + group.query * row_bytes;
    const std::byte* first = block_of(group.tile, group.tile.keys, block);
    const std::byte* second = kBlocks == 2 ? block_of(group.tile, group.tile.keys, block + 1) : nullptr;
    for (int b = 0; b < kBlocks; ++b) prefetch_next(group, block + b);
    memory_fence();
    _tile_zero(0);
    if constexpr (kBlocks == 2) _tile_zero(1);
    if constexpr (kRowTiles == 2) _tile_zero(2);
    if constexpr (kRowTiles == 2 && kBlocks == 2) _tile_zero(3);
    for (int64_t at = 0; at < row_bytes; at += 64) {
      _tile_loadd(4, rows + at, row_bytes);
      _tile_loadd(6, first + at * 16, 64);
      ESTOC_TILE_SCORE(0, 4, 6)
      if constexpr (kBlocks == 2) {
        _tile_loadd(7, second + at * 16, 64);
        ESTOC_TILE_SCORE(1, 4, 7)
      }
      if constexpr (kRowTiles == 2) {
        _tile_loadd(5, rows + 16 * row_bytes + at, row_bytes);
        ESTOC_TILE_SCORE(2, 5, 6)
        if constexpr (kBlocks == 2) {
          ESTOC_TILE_SCORE(3, 5, 7)
        }
      }
    }
    float* to = scores + block * 16 - group.origin();
    _tile_stored(0, to, kScoreStride * 4);
    if constexpr (kBlocks == 2) _tile_stored(1, to + 16, kScoreStride * 4);
    if constexpr (kRowTiles == 2) _tile_stored(2, to + 16 * kScoreStride, kScoreStride * 4);
    if constexpr (kRowTiles == 2 && kBlocks == 2) _tile_stored(3, to + 16 * kScoreStride + 16, kScoreStride * 4);
  }

  // Merges the weighted values of dims d .. d + 16 kDimTiles - 1.
  template <int kRowTiles, int kDimTiles>
  void add_values(const ChunkGroup& group, int64_t d, const MergeStep* steps) {
    const int64_t row_bytes = int64_t{kv_padded_dim(group.tile.head_dim)} * 4;  // of `values`
    memory_fence();
    _tile_zero(0);
    if constexpr (kDimTiles == 2) _tile_zero(1);
    if constexpr (kRowTiles == 2) _tile_zero(2);
    if constexpr (kRowTiles == 2 && kDimTiles == 2) _tile_zero(3);
    const int begin = (group.begin - group.origin()) / kStep, end = (group.end - group.origin() + kStep - 1) / kStep;
    for (int step = begin; step < end; ++step) {
      const std::byte* from = values + step * 16 * row_bytes + d * 4;
      const Weight* weight = weights + step * kStep;
      _tile_loadd(4, weight, kCodeStride * sizeof(Weight));
      _tile_loadd(6, from, row_bytes);
      ESTOC_TILE_WEIGH(0, 4, 6)
      if constexpr (kDimTiles == 2) {
        _tile_loadd(7, from + 64, row_bytes);
        ESTOC_TILE_WEIGH(1, 4, 7)
      }
      if constexpr (kRowTiles == 2) {
        _tile_loadd(5, weight + 16 * kCodeStride, kCodeStride * sizeof(Weight));
        ESTOC_TILE_WEIGH(2, 5, 6)
        if constexpr (kDimTiles == 2) {
          ESTOC_TILE_WEIGH(3, 5, 7)
        }
      }
    }
    _tile_stored(0, sums, kSumStride * 4);
    if constexpr (kDimTiles == 2) _tile_stored(1, sums + 16, kSumStride * 4);
    if constexpr (kRowTiles == 2) _tile_stored(2, sums + 16 * kSumStride, kSumStride * 4);
    if constexpr (kRowTiles == 2 && kDimTiles == 2) _tile_stored(3, sums + 16 * kSumStride + 16, kSumStride * 4);
    for (int i = 0; i < group.count; ++i) {
      for (int n = 0; n < kDimTiles; ++n) {
        const float* sum = sums + i * kSumStride + n * 16;
        steps[i].merge(d + n * 16, kIsInt8 ? _mm512_cvtepi32_ps(_mm512_loadu_si512(sum)) : _mm512_loadu_ps(sum));
      }
    }
  }

  // Turns query i's scores over the chunk into bf16 weights; 0 up to the next multiples of 32 positions.
  static MergeStep weigh_bf16(const ChunkGroup& group, int i, float* scores, uint16_t* weights) {
    const int low = group.block_begin() * 16 - group.origin(), high = group.block_end() * 16 - group.origin();
    const int low_step = low & ~31, high_step = (high + 31) & ~31;
    const int from = group.from(i), to = group.to(i);
    if (from >= to) {
      for (int p = low_step; p < high_step; p += 32) _mm512_storeu_si512(weights + p, _mm512_setzero_si512());
      return group.finish(i, -__builtin_inff(), 0.0f);
    }
    for (int p = low_step; p < from; ++p) scores[p] = kNever;
    for (int p = to; p < high_step; ++p) scores[p] = kNever;
    __m512 large = _mm512_set1_ps(kNever);
    for (int p = low_step; p < high_step; p += 32) {
      large = _mm512_max_ps(large, _mm512_max_ps(_mm512_loadu_ps(scores + p), _mm512_loadu_ps(scores + p + 16)));
    }
    const float largest = _mm512_reduce_max_ps(large);
    const __m512 tops = _mm512_set1_ps(largest);
    __m512 sum = _mm512_setzero_ps(), more = _mm512_setzero_ps();
    for (int p = low_step; p < high_step; p += 32) {
      const __m512 first = exp2_rough(_mm512_sub_ps(_mm512_loadu_ps(scores + p), tops));
      const __m512 second = exp2_rough(_mm512_sub_ps(_mm512_loadu_ps(scores + p + 16), tops));
      sum = _mm512_add_ps(sum, first);
      more = _mm512_add_ps(more, second);
      _mm512_storeu_si512(weights + p, (__m512i)_mm512_cvtne2ps_pbh(second, first));
    }
    return group.finish(i, largest, _mm512_reduce_add_ps(_mm512_add_ps(sum, more)));
  }

  void run(const ChunkGroup& group) {
    configure(group.count);
    if (group.count > 16) {
      run_rows<2>(group);
    } else {
      run_rows<1>(group);
    }
  }

  template <int kRowTiles>
  void run_rows(const ChunkGroup& group) {
    int block = group.block_begin();
    for (; block + 2 <= group.block_end(); block += 2) score_blocks<kRowTiles, 2>(group, block);
    if (block < group.block_end()) score_blocks<kRowTiles, 1>(group, block);
    MergeStep steps[kGroup];
    for (int i = 0; i < group.count; ++i) {
      if constexpr (kIsInt8) {
        steps[i] = weigh_i8(group, i, factors[group.query + i], scales,
                            reinterpret_cast<int32_t*>(scores + i * kScoreStride), weights + i * kCodeStride);
      } else {
        steps[i] = weigh_bf16(group, i, scores + i * kScoreStride, weights + i * kCodeStride);
      }
    }
    for (int64_t d = 0; d < value_columns(group.tile); d += 32) add_values<kRowTiles, 2>(group, d, steps);
  }
};

#undef ESTOC_TILE_SCORE
#undef ESTOC_TILE_WEIGH

// A bf16 head of an odd number of 16 dims and an int8 head of no multiple of 64 would need tiles of other shapes, and
// AVX-512 computes the other types as well as it can be done.
void attention_amx(const AttentionTile& tile) noexcept {
  // So few queries are one pass over the memory, and tiles want the values copied first.
  constexpr int kQueriesFew = 8;
  if (tile.softcap > 0) return avx512.attention(tile);  // tiles weigh their scores where they lie, without a cap
  if (!tile.is_invariant && tile.query_count <= kQueriesFew) return avx512.attention(tile);
  if (tile.type == KvType::bf16 && tile.head_dim % 32 == 0) return attend<AmxPath<KvType::bf16>>(tile);
  if (tile.type == KvType::int8 && tile.head_dim % 64 == 0) return attend<AmxPath<KvType::int8>>(tile);
  avx512.attention(tile);
}
