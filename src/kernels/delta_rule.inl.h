// The gated delta rule of delta_rule.h over the vector vocabulary `V`. Included inside the anonymous namespace of each
// ISA file.
//
// Rows are taken kT together (the WY form in small): what the state before them answers to their keys and queries comes
// from one pass over it, what they add to each other's answers from products of their keys and queries, and all of them
// are written in a second pass. Long chunks, as matrix units like them, multiply more: a row of a chunk of C costs
// 3 key_dim + C products a column, and three passes' worth are the least there is.

// Rows together and vectors of columns at once: as many sums as the registers hold.
constexpr int kDeltaRows = V::kWidth == 16 ? 4 : 3;
constexpr int kDeltaVectors = 2;
constexpr int64_t kDeltaColumns = kDeltaVectors * V::kWidth;
static_assert(kDeltaLanes % kDeltaColumns == 0);

// What rows of a group mean to each other, by the decay between them.
struct DeltaGroup {
  float beta[kDeltaRows];
  float from_start[kDeltaRows];           // decay from before the group to row t, included
  float to_end[kDeltaRows];               // from behind row t to the last
  float keys[kDeltaRows][kDeltaRows];     // [t][s < t]: decay from s to t times k_s . k_t
  float queries[kDeltaRows][kDeltaRows];  // [t][s <= t]: likewise k_s . q_t
};

inline float delta_dot(const float* a, const float* b, int64_t count) {
  V::Reg sums[2] = {V::zero(), V::zero()};
  int64_t i = 0;
  for (; i + 2 * V::kWidth <= count; i += 2 * V::kWidth) {
    sums[0] = V::fma(V::load(a + i), V::load(b + i), sums[0]);
    sums[1] = V::fma(V::load(a + i + V::kWidth), V::load(b + i + V::kWidth), sums[1]);
  }
  float sum = V::sum(V::add(sums[0], sums[1]));
  for (; i < count; ++i) sum = __builtin_fmaf(a[i], b[i], sum);
  return sum;
}

template <int kT>
inline void make_delta_group(const DeltaRule& rule, int64_t row, DeltaGroup& group) {
  const float *keys[kT], *queries[kT];
  float decay[kT];
  for (int t = 0; t < kT; ++t) {
    keys[t] = rule.k + (row + t) * rule.key_stride;
    queries[t] = rule.q + (row + t) * rule.key_stride;
    decay[t] = rule.decay[(row + t) * rule.gate_stride];
    group.beta[t] = rule.beta[(row + t) * rule.gate_stride];
    group.from_start[t] = t == 0 ? decay[0] : group.from_start[t - 1] * decay[t];
  }
  for (int s = 0; s < kT; ++s) {
    float between = 1;
    for (int t = s; t < kT; ++t) {
      if (t > s) {
        between *= decay[t];
        group.keys[t][s] = between * delta_dot(keys[s], keys[t], rule.key_dim);
      }
      group.queries[t][s] = between * delta_dot(keys[s], queries[t], rule.key_dim);
    }
    group.to_end[s] = between;
  }
}

// Rows row .. row + kT - 1 of kDeltaColumns columns, whose first lie at v and out; their states are kDeltaLanes apart.
template <int kT>
inline void delta_rows(const DeltaRule& rule, const DeltaGroup& group, int64_t row, float* state, const float* v,
                       int64_t v_stride, float* out, int64_t out_stride) {
  constexpr int kChains = kT == 1 ? 2 : 1;  // enough sums to hide the latency of one
  const float *keys[kT], *queries[kT];
  for (int t = 0; t < kT; ++t) {
    keys[t] = rule.k + (row + t) * rule.key_stride;
    queries[t] = rule.q + (row + t) * rule.key_stride;
  }
  V::Reg by_key[kChains][kT][kDeltaVectors], by_query[kChains][kT][kDeltaVectors];
  for (int c = 0; c < kChains; ++c) {
    for (int t = 0; t < kT; ++t) {
      for (int n = 0; n < kDeltaVectors; ++n) by_key[c][t][n] = by_query[c][t][n] = V::zero();
    }
  }
  const auto answer = [&](int64_t i, int c) {
    V::Reg memory[kDeltaVectors];
    for (int n = 0; n < kDeltaVectors; ++n) memory[n] = V::load(state + i * kDeltaLanes + n * V::kWidth);
    for (int t = 0; t < kT; ++t) {
      const V::Reg key = V::set1(keys[t][i]), query = V::set1(queries[t][i]);
      for (int n = 0; n < kDeltaVectors; ++n) {
        by_key[c][t][n] = V::fma(key, memory[n], by_key[c][t][n]);
        by_query[c][t][n] = V::fma(query, memory[n], by_query[c][t][n]);
      }
    }
  };
  int64_t i = 0;
  for (; i + kChains <= rule.key_dim; i += kChains) {
    for (int c = 0; c < kChains; ++c) answer(i + c, c);
  }
  for (; i < rule.key_dim; ++i) answer(i, 0);

  V::Reg written[kT][kDeltaVectors];
  for (int n = 0; n < kDeltaVectors; ++n) {
    for (int t = 0; t < kT; ++t) {
      V::Reg foreseen = by_key[0][t][n], answered = by_query[0][t][n];
      for (int c = 1; c < kChains; ++c) {
        foreseen = V::add(foreseen, by_key[c][t][n]);
        answered = V::add(answered, by_query[c][t][n]);
      }
      const V::Reg decay = V::set1(group.from_start[t]);
      foreseen = V::mul(foreseen, decay);
      answered = V::mul(answered, decay);
      for (int s = 0; s < t; ++s) foreseen = V::fma(V::set1(group.keys[t][s]), written[s][n], foreseen);
      const V::Reg value = V::load(v + t * v_stride + n * V::kWidth);
      written[t][n] = V::mul(V::set1(group.beta[t]), V::sub(value, foreseen));
      for (int s = 0; s <= t; ++s) answered = V::fma(V::set1(group.queries[t][s]), written[s][n], answered);
      V::store(out + t * out_stride + n * V::kWidth, answered);
    }
    for (int t = 0; t + 1 < kT; ++t) written[t][n] = V::mul(written[t][n], V::set1(group.to_end[t]));
  }

  const V::Reg decay = V::set1(group.from_start[kT - 1]);
  for (i = 0; i < rule.key_dim; ++i) {
    V::Reg memory[kDeltaVectors];
    for (int n = 0; n < kDeltaVectors; ++n) {
      memory[n] = V::mul(V::load(state + i * kDeltaLanes + n * V::kWidth), decay);
    }
    for (int t = 0; t < kT; ++t) {
      const V::Reg key = V::set1(keys[t][i]);
      for (int n = 0; n < kDeltaVectors; ++n) memory[n] = V::fma(key, written[t][n], memory[n]);
    }
    for (int n = 0; n < kDeltaVectors; ++n) V::store(state + i * kDeltaLanes + n * V::kWidth, memory[n]);
  }
}

// All rows of one lane block, the first `together` of them in groups.
inline void delta_lanes(const DeltaRule& rule, const DeltaGroup* groups, int64_t together, float* state, const float* v,
                        int64_t v_stride, float* out, int64_t out_stride) {
  for (int64_t lane = 0; lane < kDeltaLanes; lane += kDeltaColumns) {
    const DeltaGroup* group = groups;
    int64_t r = 0;
    for (; r < together; r += kDeltaRows, ++group) {
      delta_rows<kDeltaRows>(rule, *group, r, state + lane, v + r * v_stride + lane, v_stride,
                             out + r * out_stride + lane, out_stride);
    }
    for (; r < rule.row_count; ++r, ++group) {
      delta_rows<1>(rule, *group, r, state + lane, v + r * v_stride + lane, v_stride, out + r * out_stride + lane,
                    out_stride);
    }
  }
}

void delta_rule(const DeltaRule& rule) noexcept {
  const int64_t together = rule.is_row_by_row ? 0 : rule.row_count / kDeltaRows * kDeltaRows;
  DeltaGroup groups[kDeltaRowsMax];
  DeltaGroup* group = groups;
  for (int64_t r = 0; r < together; r += kDeltaRows) make_delta_group<kDeltaRows>(rule, r, *group++);
  for (int64_t r = together; r < rule.row_count; ++r) make_delta_group<1>(rule, r, *group++);
  for (int64_t block = rule.block_begin; block < rule.block_end; ++block) {
    const int64_t column = block * kDeltaLanes, columns = rule.value_dim - column;
    float* const state = rule.state + block * rule.key_dim * kDeltaLanes;
    const float* const v = rule.v + column;
    float* const out = rule.out + column;
    if (columns >= kDeltaLanes) {
      delta_lanes(rule, groups, together, state, v, rule.value_stride, out, rule.out_stride);
      continue;
    }
    float padded[kDeltaRowsMax * kDeltaLanes];
    for (int64_t r = 0; r < rule.row_count; ++r) {
      for (int64_t c = 0; c < kDeltaLanes; ++c) {
        padded[r * kDeltaLanes + c] = c < columns ? v[r * rule.value_stride + c] : 0.0f;
      }
    }
    delta_lanes(rule, groups, together, state, padded, kDeltaLanes, padded, kDeltaLanes);
    for (int64_t r = 0; r < rule.row_count; ++r) {
      for (int64_t c = 0; c < columns; ++c) out[r * rule.out_stride + c] = padded[r * kDeltaLanes + c];
    }
  }
}
