// A chunk of attention with f32 multiply-adds, for keys and values of any type: elements become f32 as they are loaded.
// Included inside the anonymous namespace of an ISA file, after attention.inl.h.

constexpr int kLanes = 16 / V::kWidth;  // vectors that hold 16 positions
constexpr int kFmaGroup = V::kWidth == 16 ? 8 : 6;

// Blocks of keys, and vectors of value dims, at once for kQ queries: enough sums in flight to keep two multipliers
// busy, few enough for the registers (32 of 16 lanes, or 16 of 8, of which a block takes two).
constexpr int blocks_at_once(int queries) {
  if (V::kWidth == 16) return queries == 1 ? 8 : queries <= 4 ? 4 : 2;
  return queries == 1 ? 4 : queries <= 3 ? 2 : 1;
}
constexpr int dims_at_once(int queries) {
  if (V::kWidth == 16) return queries <= 2 ? 8 : queries <= 4 ? 4 : 2;
  return queries == 1 ? 8 : queries <= 3 ? 4 : 2;
}

// Elements of one position (keys) or one dim (values) that lie side by side.
template <KvType kType>
constexpr int kPack = kType == KvType::bf16   ? 2
                      : kType == KvType::int8 ? 4
                                              : 1;
template <KvType kType>
constexpr int kUnitBytes = kType == KvType::f16 ? 2 : 4;  // of one such pack

// kWidth packs from `at`: out[j] takes element j of each.
template <KvType kType>
inline void unpack(const std::byte* at, V::Reg* out) {
  if constexpr (kType == KvType::f32) {
    out[0] = V::load(reinterpret_cast<const float*>(at));
  } else if constexpr (kType == KvType::f16) {
    out[0] = V::load_f16(reinterpret_cast<const uint16_t*>(at));
  } else if constexpr (kType == KvType::bf16) {
    V::split_bf16(at, out);
  } else {
    V::split_i8(at, out);
  }
}

// scores[i][position] of kQ queries over kB blocks; `ahead` are blocks to fetch meanwhile. queries [padded dim][kQ].
template <KvType kType, int kQ, int kB>
inline void score_blocks(const std::byte* const* keys, const std::byte* const* ahead, const float* queries,
                         int64_t padded_dim, float* scores) {
  V::Reg sums[kQ][kB][kLanes];
  for (int i = 0; i < kQ; ++i) {
    for (int b = 0; b < kB; ++b) {
      for (int lane = 0; lane < kLanes; ++lane) sums[i][b][lane] = V::zero();
    }
  }
  for (int64_t d = 0; d < padded_dim; d += kPack<kType>) {
    V::Reg key[kB][kLanes][kPack<kType>];
    for (int b = 0; b < kB; ++b) {
      for (int lane = 0; lane < kLanes; ++lane) {
        const int64_t at = (d / kPack<kType> * 16 + lane * V::kWidth) * kUnitBytes<kType>;
        unpack<kType>(keys[b] + at, key[b][lane]);
        if (at % 64 == 0) prefetch(ahead[b] + at);
      }
    }
    for (int j = 0; j < kPack<kType>; ++j) {
      for (int i = 0; i < kQ; ++i) {
        const V::Reg query = V::set1(queries[(d + j) * kQ + i]);
        for (int b = 0; b < kB; ++b) {
          for (int lane = 0; lane < kLanes; ++lane) {
            sums[i][b][lane] = V::fma(query, key[b][lane][j], sums[i][b][lane]);
          }
        }
      }
    }
  }
  for (int i = 0; i < kQ; ++i) {
    for (int b = 0; b < kB; ++b) {
      for (int lane = 0; lane < kLanes; ++lane) {
        V::store(scores + i * kScoreStride + b * 16 + lane * V::kWidth, sums[i][b][lane]);
      }
    }
  }
}

// Merges the weighted values of kD vectors of dims, from dim d on, into every query's output.
template <KvType kType, int kQ, int kD>
inline void add_values(const ChunkGroup& group, const float* weights, int64_t d, const MergeStep* steps) {
  const int64_t padded_dim = kv_padded_dim(group.tile.head_dim);
  V::Reg sums[kQ][kD];
  for (int i = 0; i < kQ; ++i) {
    for (int n = 0; n < kD; ++n) sums[i][n] = V::zero();
  }
  for (int block = group.block_begin(); block < group.block_end(); ++block) {
    const std::byte* values = block_of(group.tile, group.tile.values, block) + d * kUnitBytes<kType>;
    const std::byte* ahead = block_ahead(group, group.tile.values, block, 2) + d * kUnitBytes<kType>;
    const float* weight = weights + block * 16 - group.origin();
    for (int64_t p = 0; p < 16; p += kPack<kType>) {
      V::Reg value[kD][kPack<kType>];
      for (int n = 0; n < kD; ++n) {
        const int64_t at = (p / kPack<kType> * padded_dim + n * V::kWidth) * kUnitBytes<kType>;
        unpack<kType>(values + at, value[n]);
        if (n * V::kWidth * kUnitBytes<kType> % 64 == 0) prefetch(ahead + at);
      }
      for (int j = 0; j < kPack<kType>; ++j) {
        for (int i = 0; i < kQ; ++i) {
          const V::Reg factor = V::set1(weight[i * kScoreStride + p + j]);
          for (int n = 0; n < kD; ++n) sums[i][n] = V::fma(factor, value[n][j], sums[i][n]);
        }
      }
    }
  }
  for (int i = 0; i < kQ; ++i) {
    for (int n = 0; n < kD; ++n) steps[i].merge(d + n * V::kWidth, sums[i][n]);
  }
}

// The same where values are the first dims of the keys: a vector there is a dim at so many positions, so sums are taken
// lane by lane over the chunk's blocks, and over the lanes in the end. Whatever is summed together, a dim of a query
// has its own sum in the same order.
template <KvType kType>
constexpr int kKeyDims = kType == KvType::int8 ? 4 : 2;  // at once
template <KvType kType>
constexpr int kKeyQueries = (V::kWidth == 16 ? 16 : 12) / kKeyDims<kType>;

// V::kWidth dims from dim d on.
template <KvType kType, int kQ>
inline void add_key_dims(const ChunkGroup& group, const float* weights, int64_t d, const MergeStep* steps) {
  constexpr int kDims = kKeyDims<kType>;
  V::Reg lanes[kQ][V::kWidth];
  for (int first = 0; first < V::kWidth; first += kDims) {
    const int64_t at = (d + first) / kPack<kType> * 16 * kUnitBytes<kType>;
    V::Reg sums[kQ][kDims];
    for (int i = 0; i < kQ; ++i) {
      for (int n = 0; n < kDims; ++n) sums[i][n] = V::zero();
    }
    for (int block = group.block_begin(); block < group.block_end(); ++block) {
      const std::byte* keys = block_of(group.tile, group.tile.keys, block) + at;
      const float* weight = weights + block * 16 - group.origin();
      for (int p = 0; p < 16; p += V::kWidth) {
        V::Reg value[kDims];
        for (int n = 0; n < kDims; n += kPack<kType>) {
          unpack<kType>(keys + (n / kPack<kType> * 16 + p) * kUnitBytes<kType>, value + n);
        }
        for (int i = 0; i < kQ; ++i) {
          const V::Reg factor = V::load(weight + i * kScoreStride + p);
          for (int n = 0; n < kDims; ++n) sums[i][n] = V::fma(factor, value[n], sums[i][n]);
        }
      }
    }
    for (int i = 0; i < kQ; ++i) {
      for (int n = 0; n < kDims; ++n) lanes[i][first + n] = sums[i][n];
    }
  }
  for (int i = 0; i < kQ; ++i) steps[i].merge(d, V::sum_each(lanes[i]));
}

template <KvType kType, int kQ>
inline void add_key_values(const ChunkGroup& group, const float* weights, const MergeStep* steps) {
  constexpr int kMost = kKeyQueries<kType>, kSome = kQ < kMost ? kQ : kMost;
  for (int64_t d = 0; d < group.tile.value_dim; d += V::kWidth) add_key_dims<kType, kSome>(group, weights, d, steps);
  if constexpr (kQ > kMost) add_key_values<kType, kQ - kMost>(group, weights + kMost * kScoreStride, steps + kMost);
}

// Turns query i's scores, at the chunk's positions, into weights; `scales` (int8 only) are those of keys and values.
template <KvType kType>
inline MergeStep weigh(const ChunkGroup& group, int i, float* scores, const float* key_scales,
                       const float* value_scales) {
  const int low = group.block_begin() * 16 - group.origin(), high = group.block_end() * 16 - group.origin();
  const int from = group.from(i), to = group.to(i);
  if (from >= to) {  // other queries of the group see this chunk, this one does not
    for (int p = low; p < high; ++p) scores[p] = 0;
    return group.finish(i, -__builtin_inff(), 0.0f);
  }
  V::Reg large = V::set1(-__builtin_inff());
  if constexpr (kType == KvType::int8) {
    for (int p = low; p < high; p += V::kWidth) {
      V::store(scores + p, V::mul(V::load(scores + p), V::load(key_scales + p)));
    }
  }
  if (group.tile.softcap > 0) soft_cap(group.tile.softcap * kLog2E, high - low, scores + low);
  for (int p = low; p < from; ++p) scores[p] = -__builtin_inff();
  for (int p = to; p < high; ++p) scores[p] = -__builtin_inff();
  for (int p = low; p < high; p += V::kWidth) large = V::max(large, V::load(scores + p));
  const float largest = V::largest(large);
  V::Reg sum = V::zero();
  for (int p = low; p < high; p += V::kWidth) {
    V::Reg weight = exp2_v(V::sub(V::load(scores + p), V::set1(largest)));
    sum = V::add(sum, weight);
    if constexpr (kType == KvType::int8) weight = V::mul(weight, V::load(value_scales + p));
    V::store(scores + p, weight);
  }
  // exp2_v has no zero; 2^-126 is nothing beside a sum of at least 1, but a weight must not reach a value.
  for (int p = low; p < from; ++p) scores[p] = 0;
  for (int p = to; p < high; ++p) scores[p] = 0;
  return group.finish(i, largest, V::sum(sum));
}

template <KvType kType>
struct FmaPath {
  static constexpr int kGroup = kFmaGroup;

  alignas(64) float queries[kQueriesMax * kHeadDimMax];  // [group][padded dim][queries of the group], scaled
  alignas(64) float scores[kFmaGroup * kScoreStride];
  alignas(64) float key_scales[kAttentionChunk], value_scales[kAttentionChunk];

  void load_queries(const AttentionTile& tile) {
    const int padded_dim = kv_padded_dim(tile.head_dim);
    const float scale = tile.scale * kLog2E;
    for (int begin = 0; begin < tile.query_count; begin += kGroup) {
      const int count = tile.query_count - begin < kGroup ? tile.query_count - begin : kGroup;
      float* group = queries + begin * padded_dim;
      for (int i = 0; i < count; ++i) {
        for (int d = 0; d < padded_dim; ++d) {
          group[d * count + i] = d < tile.head_dim ? tile.queries[begin + i][d] * scale : 0.0f;
        }
      }
    }
  }

  void begin_chunk(const ChunkGroup& all) {
    if constexpr (kType != KvType::int8) return;
    const int64_t codes = kv_code_bytes(KvType::int8, all.tile.head_dim);
    for (int block = all.block_begin(); block < all.block_end(); ++block) {
      const auto copy = [&](const std::byte* base, float* to) {
        const auto* from = reinterpret_cast<const float*>(block_of(all.tile, base, block) + codes);
        for (int p = 0; p < 16; p += V::kWidth) V::store(to + block * 16 - all.origin() + p, V::load(from + p));
      };
      copy(all.tile.keys, key_scales);
      copy(value_base(all.tile), value_scales);
    }
  }

  void end() {}

  void run(const ChunkGroup& group) {
    with_count<kGroup>(group.count, [&]<int kQ>() { run_queries<kQ>(group); });
  }

  template <int kQ>
  void run_queries(const ChunkGroup& group) {
    constexpr int kBlocks = blocks_at_once(kQ), kDims = dims_at_once(kQ);
    const int64_t padded_dim = kv_padded_dim(group.tile.head_dim);
    const float* own = queries + group.query * padded_dim;
    const std::byte *keys[kBlocks], *ahead[kBlocks];
    int block = group.block_begin();
    for (; block + kBlocks <= group.block_end(); block += kBlocks) {
      for (int b = 0; b < kBlocks; ++b) {
        keys[b] = block_of(group.tile, group.tile.keys, block + b);
        ahead[b] = block_ahead(group, group.tile.keys, block + b, kBlocks);
      }
      score_blocks<kType, kQ, kBlocks>(keys, ahead, own, padded_dim, scores + block * 16 - group.origin());
    }
    for (; block < group.block_end(); ++block) {
      keys[0] = block_of(group.tile, group.tile.keys, block);
      ahead[0] = block_ahead(group, group.tile.keys, block, 1);
      score_blocks<kType, kQ, 1>(keys, ahead, own, padded_dim, scores + block * 16 - group.origin());
    }
    MergeStep steps[kQ];
    for (int i = 0; i < kQ; ++i) {
      steps[i] = weigh<kType>(group, i, scores + i * kScoreStride, key_scales, value_scales);
    }
    if (group.tile.values == nullptr) return add_key_values<kType, kQ>(group, scores, steps);
    int64_t d = 0;
    for (; d + kDims * V::kWidth <= padded_dim; d += kDims * V::kWidth) {
      add_values<kType, kQ, kDims>(group, scores, d, steps);
    }
    for (; d + kDims / 2 * V::kWidth <= padded_dim; d += kDims / 2 * V::kWidth) {
      add_values<kType, kQ, kDims / 2>(group, scores, d, steps);
    }
    for (; d < padded_dim; d += V::kWidth) add_values<kType, kQ, 1>(group, scores, d, steps);
  }
};
