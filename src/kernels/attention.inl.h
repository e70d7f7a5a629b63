// Attention of a few queries over one KV head's blocks, over the vector vocabulary `V`.
// Included inside the anonymous namespace of each ISA file, after elementwise.inl.h.
//
// Keys lie transposed, so the scores of 16 positions are whole vectors; a block of keys or values is read once for all
// queries of the tile. The running maximum, sum and output of each query follow the online softmax.

constexpr int kLanes = 16 / V::kWidth;  // vectors that hold 16 positions

template <bool kIsF16>
inline V::Reg load_kv(const void* block, int64_t index) {
  if constexpr (kIsF16) {
    return V::load_f16(static_cast<const uint16_t*>(block) + index);
  } else {
    return V::load(static_cast<const float*>(block) + index);
  }
}

template <int kQueries, bool kIsF16>
inline void block_scores(const AttentionTile& tile, const void* keys, float (*scores)[16]) {
  V::Reg sums[kQueries][kLanes];
  for (int i = 0; i < kQueries; ++i) {
    for (int lane = 0; lane < kLanes; ++lane) sums[i][lane] = V::zero();
  }
  for (int64_t d = 0; d < tile.head_dim; ++d) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const V::Reg key = load_kv<kIsF16>(keys, d * 16 + lane * V::kWidth);
      for (int i = 0; i < kQueries; ++i) sums[i][lane] = V::fma(V::set1(tile.queries[i][d]), key, sums[i][lane]);
    }
  }
  for (int i = 0; i < kQueries; ++i) {
    for (int lane = 0; lane < kLanes; ++lane) {
      V::store(scores[i] + lane * V::kWidth, V::mul(sums[i][lane], V::set1(tile.scale)));
    }
  }
}

// accumulators[i][d] = accumulators[i][d] * corrections[i] + sum over the 16 positions of weights[i][j] * v[j][d].
template <int kQueries, bool kIsF16>
inline void add_values(const AttentionTile& tile, const void* values, const float (*weights)[16],
                       const float* corrections, float (*accumulators)[kHeadDimMax]) {
  const int64_t dims = tile.head_dim;
  int64_t d = 0;
  for (; d + V::kWidth <= dims; d += V::kWidth) {
    V::Reg sums[kQueries];
    for (int i = 0; i < kQueries; ++i) sums[i] = V::mul(V::load(accumulators[i] + d), V::set1(corrections[i]));
    for (int64_t j = 0; j < 16; ++j) {
      const V::Reg value = load_kv<kIsF16>(values, j * dims + d);
      for (int i = 0; i < kQueries; ++i) sums[i] = V::fma(V::set1(weights[i][j]), value, sums[i]);
    }
    for (int i = 0; i < kQueries; ++i) V::store(accumulators[i] + d, sums[i]);
  }
  // head_dim that is no multiple of the width (tiny test models): a whole vector would read past the row.
  for (; d < dims; ++d) {
    for (int i = 0; i < kQueries; ++i) {
      float sum = accumulators[i][d] * corrections[i];
      for (int64_t j = 0; j < 16; ++j) {
        float value;
        if constexpr (kIsF16) {
          value = _cvtsh_ss(static_cast<const uint16_t*>(values)[j * dims + d]);
        } else {
          value = static_cast<const float*>(values)[j * dims + d];
        }
        sum += weights[i][j] * value;
      }
      accumulators[i][d] = sum;
    }
  }
}

// Turns 16 scores into weights relative to the new running maximum; returns the factor for what was summed before.
inline float update_softmax(float* scores, int visible, float* running_max, float* running_sum) {
  V::Reg reg[kLanes];
  V::Reg large = V::set1(-__builtin_inff());
  for (int lane = 0; lane < kLanes; ++lane) {
    const int count = visible - lane * V::kWidth;
    reg[lane] = V::load(scores + lane * V::kWidth);
    if (count < V::kWidth) reg[lane] = V::keep_first(reg[lane], count > 0 ? count : 0, V::set1(-__builtin_inff()));
    large = V::max(large, reg[lane]);
  }
  const float block_max = V::largest(large);
  const float new_max = block_max > *running_max ? block_max : *running_max;
  float correction = 1.0f;
  if (new_max != *running_max) {
    float factor[V::kWidth];
    V::store(factor, exp_v(V::set1(*running_max - new_max)));
    correction = *running_sum > 0 ? factor[0] : 0.0f;
  }
  V::Reg sum = V::zero();
  for (int lane = 0; lane < kLanes; ++lane) {
    const int count = visible - lane * V::kWidth;
    V::Reg weight = exp_v(V::sub(reg[lane], V::set1(new_max)));
    if (count < V::kWidth) weight = V::keep_first(weight, count > 0 ? count : 0, V::zero());
    V::store(scores + lane * V::kWidth, weight);
    sum = V::add(sum, weight);
  }
  *running_sum = *running_sum * correction + V::sum(sum);
  *running_max = new_max;
  return correction;
}

template <int kQueries, bool kIsF16>
void attention_queries(const AttentionTile& tile) {
  alignas(64) float accumulators[kQueries][kHeadDimMax];
  alignas(64) float scores[kQueries][16];
  float running_max[kQueries], running_sum[kQueries], corrections[kQueries];
  int visible_max = 0, first_min = tile.first[0];
  for (int i = 0; i < kQueries; ++i) {
    for (int64_t d = 0; d < tile.head_dim; ++d) accumulators[i][d] = 0;
    running_max[i] = -__builtin_inff();
    running_sum[i] = 0;
    if (tile.visible[i] > visible_max) visible_max = tile.visible[i];
    if (tile.first[i] < first_min) first_min = tile.first[i];
  }
  for (int begin = first_min / 16 * 16; begin < visible_max; begin += 16) {
    block_scores<kQueries, kIsF16>(tile, tile.keys[begin / 16], scores);
    for (int i = 0; i < kQueries; ++i) {
      const int visible = tile.visible[i] - begin;
      const int hidden = tile.first[i] - begin;
      if (visible > 0 && hidden < 16) {
        for (int j = 0; j < hidden; ++j) scores[i][j] = -__builtin_inff();
        corrections[i] = update_softmax(scores[i], visible < 16 ? visible : 16, &running_max[i], &running_sum[i]);
      } else {  // another query of the tile sees this block, this one does not
        corrections[i] = 1.0f;
        for (float& weight : scores[i]) weight = 0;
      }
    }
    add_values<kQueries, kIsF16>(tile, tile.values[begin / 16], scores, corrections, accumulators);
  }
  for (int i = 0; i < kQueries; ++i) {
    const float inverse = 1.0f / running_sum[i];
    for (int64_t d = 0; d < tile.head_dim; ++d) tile.outputs[i][d] = accumulators[i][d] * inverse;
  }
}

template <bool kIsF16>
void attention_of(const AttentionTile& tile) {
  switch (tile.query_count) {
    case 1:
      return attention_queries<1, kIsF16>(tile);
    case 2:
      return attention_queries<2, kIsF16>(tile);
    case 3:
      return attention_queries<3, kIsF16>(tile);
    case 4:
      return attention_queries<4, kIsF16>(tile);
    case 5:
      return attention_queries<5, kIsF16>(tile);
    case 6:
      return attention_queries<6, kIsF16>(tile);
    case 7:
      return attention_queries<7, kIsF16>(tile);
    default:
      return attention_queries<8, kIsF16>(tile);
  }
}

void attention(const AttentionTile& tile) noexcept {
  if (tile.is_f16) {
    attention_of<true>(tile);
  } else {
    attention_of<false>(tile);
  }
}
