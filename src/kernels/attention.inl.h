// Attention over the vector vocabulary `V`: the walk over chunks and the merge of their results. How a chunk is
// computed is a Path: attention_fma.inl.h for every type, and what an ISA file adds of its own. Included inside the
// anonymous namespace of each ISA file, after the vocabulary.

constexpr float kLog2E = 1.44269504088896341f;
constexpr float kNever = -1e30f;                    // a score whose weight is exactly 0
constexpr int kScoreStride = kAttentionChunk + 16;  // not a power of two: rows fall into different cache sets

// 2^x to about 2 ulp for x <= 0; x below -126 gives 2^-126.
inline V::Reg exp2_v(V::Reg x) {
  x = V::max(x, V::set1(-126.0f));
  const V::Reg n = V::round(x);
  const V::Reg r = V::mul(V::sub(x, n), V::set1(0.693147180559945f));
  return exp_reduced(r, n);
}

inline float exp2_one(float x) {
  float lanes[V::kWidth];
  V::store(lanes, exp2_v(V::set1(x)));
  return lanes[0];
}

// What happens to a chunk's weighted values: out = out * keep + values * add.
struct MergeStep {
  float keep, add;
  float* out;

  V::Reg old(int64_t d) const { return keep == 0 ? V::zero() : V::mul(V::load(out + d), V::set1(keep)); }
  void merge(int64_t d, V::Reg values) const { V::store(out + d, V::fma(values, V::set1(add), old(d))); }
};

// Joins (chunk_max, chunk_sum) to the running pair; -inf stands for a chunk the query does not see.
inline MergeStep join(float chunk_max, float chunk_sum, float* max, float* sum, float* out) {
  MergeStep step{0.0f, 0.0f, out};
  if (chunk_max == -__builtin_inff()) {
    step.keep = *max == -__builtin_inff() ? 0.0f : 1.0f;
    return step;
  }
  const float new_max = chunk_max > *max ? chunk_max : *max;
  if (*max != -__builtin_inff()) step.keep = *max == new_max ? 1.0f : exp2_one(*max - new_max);
  step.add = chunk_max == new_max ? 1.0f : exp2_one(chunk_max - new_max);
  // Spelled out: left to the compiler, different callers would round this differently.
  *sum = __builtin_fmaf(chunk_sum, step.add, *sum * step.keep);
  *max = new_max;
  return step;
}

// output = out / sum, where a sink adds its weight to the sum.
inline void finish_query(const float* out, float max, float sum, bool has_sink, float sink, int head_dim,
                         float* output) {
  float factor = 1.0f / sum;
  if (has_sink) {
    const float sink_log2 = sink * kLog2E;
    const float top = sink_log2 > max ? sink_log2 : max;
    const float own = exp2_one(max - top);
    factor = own / __builtin_fmaf(sum, own, exp2_one(sink_log2 - top));
  }
  int d = 0;
  for (; d + V::kWidth <= head_dim; d += V::kWidth) {
    V::store(output + d, V::mul(V::load(out + d), V::set1(factor)));
  }
  for (; d < head_dim; ++d) output[d] = out[d] * factor;
}

// The running result of every query of a tile.
struct AttentionState {
  float max[kQueriesMax], sum[kQueriesMax];
  alignas(64) float out[kQueriesMax * kHeadDimMax];  // [query][padded head_dim]
};

// What a Path gets to work on: queries [query, query + count) over the blocks that hold positions [begin, end).
struct ChunkGroup {
  const AttentionTile& tile;
  AttentionState& state;
  int chunk;
  int query, count;
  int begin, end;
  int last_block;  // of all chunks to come

  int origin() const { return chunk * kAttentionChunk; }
  int block_begin() const { return begin / kKvBlockTokens; }
  int block_end() const { return (end + kKvBlockTokens - 1) / kKvBlockTokens; }
  // Positions query i of the group sees here: from .. to - 1, relative to the chunk's origin; from >= to when none.
  int from(int i) const { return (tile.first[query + i] > begin ? tile.first[query + i] : begin) - origin(); }
  int to(int i) const { return (tile.visible[query + i] < end ? tile.visible[query + i] : end) - origin(); }

  MergeStep finish(int i, float chunk_max, float chunk_sum) const {
    const int index = query + i;
    if (tile.partials != nullptr) {
      float* partial = tile.partials +
                       (int64_t{chunk - tile.chunk_begin} * tile.query_count + index) * partial_floats(tile.head_dim);
      partial[0] = chunk_max;
      partial[1] = chunk_sum;
      return {0.0f, 1.0f, partial + kPartialHeader};
    }
    return join(chunk_max, chunk_sum, &state.max[index], &state.sum[index],
                state.out + int64_t{index} * kv_padded_dim(tile.head_dim));
  }
};

// What values are read from, and how many of their dims there are.
inline const std::byte* value_base(const AttentionTile& tile) {
  return tile.values == nullptr ? tile.keys : tile.values;
}
inline int output_dim(const AttentionTile& tile) { return tile.values == nullptr ? tile.value_dim : tile.head_dim; }

inline const std::byte* block_of(const AttentionTile& tile, const std::byte* base, int64_t block) {
  return base + tile.blocks[block] * tile.block_bytes;
}

// Asks for lines of the block `ahead` blocks on: memory answers while this one is computed with. Hardware follows
// streams only to the end of a page, and blocks lie anywhere.
inline const std::byte* block_ahead(const ChunkGroup& group, const std::byte* base, int block, int ahead) {
  return block_of(group.tile, base, block + ahead < group.last_block ? block + ahead : group.last_block);
}
inline void prefetch(const std::byte* line) { _mm_prefetch(reinterpret_cast<const char*>(line), _MM_HINT_T0); }

// run<count>() for a count of 1 to kMax, so that it is a constant inside.
template <int kMax, typename Run>
inline void with_count(int count, Run&& run) {
  if constexpr (kMax > 1) {
    if (count < kMax) return with_count<kMax - 1>(count, run);
  }
  run.template operator()<kMax>();
}

template <typename Path>
void attend(const AttentionTile& tile) {
  Path path;
  AttentionState state;
  path.load_queries(tile);
  for (int i = 0; i < tile.query_count; ++i) {
    state.max[i] = -__builtin_inff();
    state.sum[i] = 0;
  }
  int last_block = tile.chunk_begin * (kAttentionChunk / kKvBlockTokens);
  for (int i = 0; i < tile.query_count; ++i) {
    const int last = (tile.visible[i] - 1) / kKvBlockTokens;
    if (last > last_block) last_block = last;
  }
  for (int chunk = tile.chunk_begin; chunk < tile.chunk_end; ++chunk) {
    const int origin = chunk * kAttentionChunk;
    const auto seen = [&](int query, int count) {
      ChunkGroup group{tile, state, chunk, query, count, origin + kAttentionChunk, origin, last_block};
      for (int i = query; i < query + count; ++i) {
        if (tile.first[i] < group.begin) group.begin = tile.first[i];
        if (tile.visible[i] > group.end) group.end = tile.visible[i];
      }
      if (group.begin < origin) group.begin = origin;
      if (group.end > origin + kAttentionChunk) group.end = origin + kAttentionChunk;
      return group;
    };
    const ChunkGroup all = seen(0, tile.query_count);
    if (all.begin < all.end) path.begin_chunk(all);
    for (int query = 0; query < tile.query_count; query += Path::kGroup) {
      const int left = tile.query_count - query;
      const ChunkGroup group = seen(query, left < Path::kGroup ? left : Path::kGroup);
      if (group.begin < group.end) {
        path.run(group);
      } else {
        for (int i = 0; i < group.count; ++i) group.finish(i, -__builtin_inff(), 0.0f);
      }
    }
  }
  path.end();
  if (tile.partials != nullptr) return;
  for (int i = 0; i < tile.query_count; ++i) {
    finish_query(state.out + int64_t{i} * kv_padded_dim(tile.head_dim), state.max[i], state.sum[i], tile.has_sinks,
                 tile.sinks[i], output_dim(tile), tile.outputs[i]);
  }
}

void attention_merge(const AttentionMerge& merge) noexcept {
  alignas(64) float out[kHeadDimMax];
  float max = -__builtin_inff(), sum = 0;
  for (int c = 0; c < merge.chunk_count; ++c) {
    const float* partial = merge.partials + c * merge.chunk_stride;
    if (partial[0] == -__builtin_inff()) continue;  // the query sees nothing there, and nothing was written
    const MergeStep step = join(partial[0], partial[1], &max, &sum, out);
    for (int64_t d = 0; d < kv_padded_dim(merge.head_dim); d += V::kWidth) {
      step.merge(d, V::load(partial + kPartialHeader + d));
    }
  }
  finish_query(out, max, sum, merge.has_sink, merge.sink, merge.head_dim, merge.output);
}
