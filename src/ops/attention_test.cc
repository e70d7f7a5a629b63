#include "ops/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <span>
#include <vector>

namespace estoc {
namespace {

// Plain attention over contiguous keys and values at positions [first, visible), in double precision.
void reference_row(const std::vector<float>& k, const std::vector<float>& v, const float* q, int kv_heads, int heads,
                   int dim, int first, int visible, float* out) {
  for (int head = 0; head < heads; ++head) {
    const int kv_head = head / (heads / kv_heads);
    std::vector<double> weights;
    double total = 0;
    for (int p = first; p < visible; ++p) {
      double dot = 0;
      for (int d = 0; d < dim; ++d)
        dot += q[head * dim + d] * static_cast<double>(k[static_cast<size_t>((p * kv_heads + kv_head) * dim + d)]);
      weights.push_back(std::exp(dot * 0.25));
      total += weights.back();
    }
    for (int d = 0; d < dim; ++d) {
      double sum = 0;
      for (int p = first; p < visible; ++p) {
        sum += weights[static_cast<size_t>(p - first)] * v[static_cast<size_t>((p * kv_heads + kv_head) * dim + d)];
      }
      out[head * dim + d] = static_cast<float>(sum / total);
    }
  }
}

// Feeds rows of sequences to write_kv and attention, as a model would.
class Feeder {
 public:
  Feeder(int kv_heads, int heads, int dim, int window, KvType type, int threads, int block_count, bool is_causal = true)
      : kv_heads_(kv_heads),
        heads_(heads),
        dim_(dim),
        window_(window),
        is_causal_(is_causal),
        team_(threads),
        storage_(StateLayout({PagedState{kv_heads, dim}}), type, block_count) {}

  void set_sinks(const std::vector<float>& sinks) { sinks_ = sinks; }

  // Only stores `rows` as keys and values.
  void write(const std::vector<BatchSequence>& sequences, const Rows& rows) {
    const Batch batch{.tokens = {}, .sequences = sequences, .logit_rows = {}};
    plan_.prepare(batch, storage_.paged(0), heads_, window_, team_.thread_count(), 0, is_causal_);
    write_kv({team_, kernels::table()}, plan_, storage_, 0, rows, &rows);
  }

  // One step; rows of q, k and v are those of all sequences in turn. Returns the output rows.
  std::vector<float> step(const std::vector<BatchSequence>& sequences, const std::vector<float>& q,
                          const std::vector<float>& k, const std::vector<float>& v) {
    const Compute compute{.team = team_, .kernels = kernels::table(), .is_deterministic = true};
    const auto rows = static_cast<int64_t>(q.size()) / (heads_ * dim_);
    Rows q_rows(rows, heads_ * dim_), k_rows(rows, kv_heads_ * dim_), v_rows(rows, kv_heads_ * dim_);
    const auto fill = [&](Rows& to, const std::vector<float>& from) {
      to.reset(rows);
      for (int64_t r = 0; r < rows; ++r) std::copy_n(from.data() + r * to.columns(), to.columns(), to.row(r));
    };
    fill(q_rows, q);
    fill(k_rows, k);
    fill(v_rows, v);
    const Batch batch{.tokens = {}, .sequences = sequences, .logit_rows = {}};
    plan_.prepare(batch, storage_.paged(0), heads_, window_, team_.thread_count(), 0, is_causal_);
    write_kv(compute, plan_, storage_, 0, k_rows, &v_rows);
    const AttentionShape shape{
        .heads = heads_, .scale = 0.25f, .window = window_, .sinks = sinks_.empty() ? nullptr : sinks_.data()};
    Rows out(rows, heads_ * dim_);
    out.reset(rows);
    // Twice, as two layers would: the plan must be as good as new after the first.
    attention(compute, plan_, storage_, 0, shape, q_rows, out);
    attention(compute, plan_, storage_, 0, shape, q_rows, q_rows);
    std::vector<float> result;
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t i = 0; i < out.columns(); ++i) EXPECT_EQ(out.row(r)[i], q_rows.row(r)[i]);
      result.insert(result.end(), out.row(r), out.row(r) + out.columns());
    }
    return result;
  }

 private:
  int kv_heads_, heads_, dim_, window_;
  bool is_causal_;
  std::vector<float> sinks_;
  ThreadTeam team_;
  StateStorage storage_;
  AttentionPlan plan_;
};

std::vector<float> random(std::mt19937& rng, int count) {
  std::normal_distribution<float> normal(0.0f, 1.0f);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = normal(rng);
  return values;
}

// Two sequences on interleaved blocks, fed in chunks of uneven length, against the plain computation.
void run_case(int kv_heads, int heads, int dim, int window, KvType type, double tolerance) {
  std::mt19937 rng(11);
  Feeder feeder(kv_heads, heads, dim, window, type, 3, 12);
  const std::vector<BlockId> tables[2] = {{3, 1, 11, 0, 7}, {2, 9, 4, 5}};
  std::vector<float> keys[2], values[2];
  int done[2] = {0, 0};
  for (const auto& [first_rows, second_rows] : {std::pair{5, 17}, {30, 1}, {1, 40}, {44, 0}}) {
    const int counts[2] = {first_rows, second_rows};
    const int rows = first_rows + second_rows;
    const auto q = random(rng, rows * heads * dim), k = random(rng, rows * kv_heads * dim),
               v = random(rng, rows * kv_heads * dim);
    std::vector<BatchSequence> sequences;
    for (int s = 0, row = 0; s < 2; row += counts[s++]) {
      const int columns = kv_heads * dim;
      keys[s].insert(keys[s].end(), k.begin() + row * columns, k.begin() + (row + counts[s]) * columns);
      values[s].insert(values[s].end(), v.begin() + row * columns, v.begin() + (row + counts[s]) * columns);
      if (counts[s] > 0) sequences.push_back({row, counts[s], done[s], tables[s]});
    }
    const auto out = feeder.step(sequences, q, k, v);
    std::vector<float> expected(static_cast<size_t>(heads * dim));
    for (int s = 0, row = 0; s < 2; row += counts[s++]) {
      for (int r = 0; r < counts[s]; ++r) {
        reference_row(keys[s], values[s], &q[static_cast<size_t>((row + r) * heads * dim)], kv_heads, heads, dim,
                      window > 0 ? std::max(0, done[s] + r + 1 - window) : 0, done[s] + r + 1, expected.data());
        for (int i = 0; i < heads * dim; ++i) {
          ASSERT_NEAR(out[static_cast<size_t>((row + r) * heads * dim + i)], expected[static_cast<size_t>(i)],
                      tolerance);
        }
      }
      done[s] += counts[s];
    }
  }
}

TEST(Attention, PagedEqualsPlain) {
  run_case(3, 9, 64, 0, KvType::f32, 2e-5);
  run_case(3, 9, 64, 0, KvType::f16, 5e-3);
  run_case(3, 9, 64, 0, KvType::bf16, 5e-2);
  run_case(3, 9, 64, 0, KvType::int8, 0.15);
  run_case(1, 12, 16, 0, KvType::f32, 2e-5);
  run_case(1, 70, 16, 0, KvType::f32, 2e-5);  // more heads in a group than a tile holds
  run_case(4, 4, 8, 0, KvType::f32, 2e-5);
}

TEST(Attention, WindowHidesOldPositions) {
  run_case(2, 4, 32, 20, KvType::f32, 2e-5);
  run_case(2, 4, 32, 1, KvType::f32, 2e-5);
}

// Whole sequences of several chunks, of one block and of one row, whose tokens see what comes behind them.
TEST(Attention, SeesBothSides) {
  constexpr int kKvHeads = 2, kHeads = 4, kDim = 32;
  for (const auto& [type, tolerance] : {std::pair(KvType::f32, 2e-5), {KvType::f16, 5e-3}, {KvType::bf16, 5e-2}}) {
    for (const int window : {0, 1, 20, 300}) {
      std::mt19937 rng(7);
      std::vector<BlockId> blocks(48);
      for (size_t b = 0; b < blocks.size(); ++b) blocks[b] = static_cast<BlockId>(b * 5 % blocks.size());
      std::vector<BatchSequence> sequences;
      int rows = 0;
      size_t block = 0;
      for (const int length : {600, 16, 1, 37}) {
        sequences.push_back({rows, length, 0, std::span<const BlockId>(blocks).subspan(block)});
        rows += length;
        block += static_cast<size_t>((length + 15) / 16);
      }
      const auto q = random(rng, rows * kHeads * kDim), k = random(rng, rows * kKvHeads * kDim),
                 v = random(rng, rows * kKvHeads * kDim);
      const auto out = Feeder(kKvHeads, kHeads, kDim, window, type, 3, 48, false).step(sequences, q, k, v);
      std::vector<float> expected(kHeads * kDim);
      for (const BatchSequence& sequence : sequences) {
        const auto own = [&](const std::vector<float>& all) {
          return std::vector<float>(all.begin() + sequence.first_row * kKvHeads * kDim,
                                    all.begin() + (sequence.first_row + sequence.row_count) * kKvHeads * kDim);
        };
        const auto keys = own(k), values = own(v);
        for (int r = 0; r < sequence.row_count; ++r) {
          const auto at = static_cast<size_t>((sequence.first_row + r) * kHeads * kDim);
          reference_row(keys, values, &q[at], kKvHeads, kHeads, kDim, window > 0 ? std::max(0, r + 1 - window) : 0,
                        window > 0 ? std::min(sequence.row_count, r + window) : sequence.row_count, expected.data());
          for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(out[at + i], expected[i], tolerance) << window;
        }
      }
    }
  }
}

// A prompt of 1,100 rows and 4 more tokens: every row's bits are the same whether the prompt comes whole on one thread,
// or in chunks on several threads with other sequences in the batch, which also divides the items differently.
TEST(Attention, BitsDependOnTheSequenceOnly) {
  constexpr int kPrompt = 1100, kTotal = 1104, kHeads = 6, kKvHeads = 2, kDim = 64;
  std::vector<BlockId> blocks(kTotal / 16), other_blocks(8);
  for (size_t b = 0; b < blocks.size(); ++b) blocks[b] = static_cast<BlockId>(b * 5 % blocks.size());
  for (size_t b = 0; b < other_blocks.size(); ++b) other_blocks[b] = static_cast<BlockId>(blocks.size() + b);
  for (const KvType type : {KvType::f32, KvType::f16, KvType::bf16, KvType::int8}) {
    for (const int window : {0, 500}) {
      std::mt19937 rng(5);
      const auto q = random(rng, kTotal * kHeads * kDim), k = random(rng, kTotal * kKvHeads * kDim),
                 v = random(rng, kTotal * kKvHeads * kDim);
      const auto rows_of = [](const std::vector<float>& from, int begin, int count, int columns) {
        return std::vector<float>(from.begin() + begin * columns, from.begin() + (begin + count) * columns);
      };
      // Feeds the sequence in pieces of these sizes; with company, `other` rows of another sequence come first.
      const auto feed = [&](int threads, const std::vector<int>& pieces, int other) {
        Feeder feeder(kKvHeads, kHeads, kDim, window, type, threads, static_cast<int>(blocks.size()) + 8);
        feeder.set_sinks({0.5f, -1.0f, 2.0f, 0.0f, 1.0f, 3.0f});
        std::vector<float> all;
        int done = 0, other_done = 0;
        for (const int count : pieces) {
          const int company = std::min(other, 128 - other_done);
          auto step_q = random(rng, company * kHeads * kDim), step_k = random(rng, company * kKvHeads * kDim),
               step_v = random(rng, company * kKvHeads * kDim);
          const auto append = [&](std::vector<float>& to, const std::vector<float>& from, int columns) {
            const auto rows = rows_of(from, done, count, columns);
            to.insert(to.end(), rows.begin(), rows.end());
          };
          append(step_q, q, kHeads * kDim);
          append(step_k, k, kKvHeads * kDim);
          append(step_v, v, kKvHeads * kDim);
          std::vector<BatchSequence> sequences;
          if (company > 0) sequences.push_back({0, company, other_done, other_blocks});
          sequences.push_back({company, count, done, blocks});
          const auto out = feeder.step(sequences, step_q, step_k, step_v);
          all.insert(all.end(), out.begin() + company * kHeads * kDim, out.end());
          done += count;
          other_done += company;
        }
        return all;
      };
      const auto whole = feed(1, {kPrompt, 1, 1, 1, 1}, 0);
      EXPECT_EQ(feed(3, {300, 1, 512, 7, 280, 1, 1, 1, 1}, 11), whole) << kv_type_name(type) << " " << window;
      EXPECT_EQ(feed(4, {kTotal}, 0), whole) << kv_type_name(type) << " " << window;
    }
  }
}

// A sink as large as the one score takes half of the weight.
TEST(Attention, SinksTakeWeight) {
  Feeder feeder(1, 2, 8, 0, KvType::f32, 1, 1);
  feeder.set_sinks({0.0f, -50.0f});
  const std::vector<BlockId> blocks = {0};
  const auto out = feeder.step({{0, 1, 0, blocks}}, std::vector<float>(16, 0.0f), std::vector<float>(8, 1.0f),
                               std::vector<float>(8, 3.0f));
  EXPECT_FLOAT_EQ(out[0], 1.5f);
  EXPECT_FLOAT_EQ(out[8], 3.0f);
}

// What a broken sequence left in a block must not reach the next owner.
TEST(Attention, ABlockForgetsItsLastOwner) {
  for (const KvType type : {KvType::f32, KvType::f16, KvType::bf16, KvType::int8}) {
    Feeder feeder(1, 2, 64, 0, type, 1, 1);
    const std::vector<BlockId> blocks = {0};
    const std::vector<float> q(2 * 64, 1.0f), k(64, 0.5f), v(64, 0.25f);
    {
      Rows rows(16, 64);
      rows.reset(16);
      for (int64_t r = 0; r < 16; ++r) std::fill_n(rows.row(r), 64, std::numeric_limits<float>::quiet_NaN());
      feeder.write({{0, 16, 0, blocks}}, rows);
    }
    for (const float x : feeder.step({{0, 1, 0, blocks}}, q, k, v)) ASSERT_NEAR(x, 0.25f, 2e-3f) << kv_type_name(type);
  }
}

}  // namespace
}  // namespace estoc
