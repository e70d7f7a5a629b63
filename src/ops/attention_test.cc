#include "ops/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace estoc {
namespace {

// Plain attention over contiguous keys and values, in double precision.
void reference_row(const std::vector<float>& k, const std::vector<float>& v, const float* q, int kv_heads, int heads,
                   int dim, int visible, int window, float* out) {
  for (int head = 0; head < heads; ++head) {
    const int kv_head = head / (heads / kv_heads);
    std::vector<double> weights;
    double total = 0;
    const int first = window > 0 ? std::max(0, visible - window) : 0;
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

// Two sequences on interleaved blocks, fed in chunks of uneven length, against the plain computation.
void run_case(int kv_heads, int heads, int dim, int window, KvType type, double tolerance) {
  std::mt19937 rng(11);
  std::normal_distribution<float> normal(0.0f, 1.0f);
  ThreadTeam team(3);
  const Compute compute{team, kernels::table()};
  KvStorage storage({{kv_heads, dim}}, type, 12);
  const std::vector<BlockId> tables[2] = {{3, 1, 11, 0, 7}, {2, 9, 4, 5}};
  std::vector<float> keys[2], values[2];
  int done[2] = {0, 0};
  for (const auto& [first_rows, second_rows] : {std::pair{5, 17}, {30, 1}, {1, 40}, {44, 0}}) {
    const int counts[2] = {first_rows, second_rows};
    const int rows = first_rows + second_rows;
    Rows q(rows, heads * dim), k(rows, kv_heads * dim), v(rows, kv_heads * dim), out(rows, heads * dim);
    for (Rows* each : {&q, &k, &v, &out}) each->reset(rows);
    for (Rows* each : {&q, &k, &v}) {
      for (int64_t i = 0; i < rows * each->columns(); ++i) each->row(0)[i] = normal(rng);
    }
    std::vector<BatchSequence> sequences;
    for (int s = 0, row = 0; s < 2; row += counts[s++]) {
      keys[s].insert(keys[s].end(), k.row(row), k.row(row) + counts[s] * k.columns());
      values[s].insert(values[s].end(), v.row(row), v.row(row) + counts[s] * v.columns());
      if (counts[s] > 0) sequences.push_back({row, counts[s], done[s], tables[s]});
    }
    const Batch batch{.sequences = sequences};
    write_kv(compute, batch, storage, 0, k, v);
    attention(compute, batch, storage, 0, {heads, 0.25f, window}, q, out);
    std::vector<float> expected(static_cast<size_t>(heads * dim));
    for (int s = 0, row = 0; s < 2; row += counts[s++]) {
      for (int r = 0; r < counts[s]; ++r) {
        reference_row(keys[s], values[s], q.row(row + r), kv_heads, heads, dim, done[s] + r + 1, window,
                      expected.data());
        for (int i = 0; i < heads * dim; ++i)
          ASSERT_NEAR(out.row(row + r)[i], expected[static_cast<size_t>(i)], tolerance);
      }
      done[s] += counts[s];
    }
  }
}

TEST(Attention, PagedEqualsPlain) {
  run_case(3, 9, 64, 0, KvType::f32, 2e-5);
  run_case(3, 9, 64, 0, KvType::f16, 5e-3);
  run_case(1, 12, 16, 0, KvType::f32, 2e-5);  // more heads in a group than a tile holds
  run_case(4, 4, 8, 0, KvType::f32, 2e-5);
}

TEST(Attention, WindowHidesOldPositions) {
  run_case(2, 4, 32, 20, KvType::f32, 2e-5);
  run_case(2, 4, 32, 1, KvType::f32, 2e-5);
}

}  // namespace
}  // namespace estoc
