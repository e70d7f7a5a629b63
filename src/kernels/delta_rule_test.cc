// The gated delta rule of every level against its definition in double precision.
#include <algorithm>
#include <cmath>

#include "kernels/test_kernels.h"

namespace estoc::kernels {
namespace {

// Rows of one head: keys of length 1, and gates as layers make them.
struct Head {
  int64_t rows, key_dim, value_dim;
  std::vector<float> q, k, v, decay, beta;
  std::vector<float> expected;      // [rows][value_dim]
  std::vector<double> final_state;  // [key_dim][value_dim]

  void compute() {
    expected.resize(v.size());
    final_state.assign(static_cast<size_t>(key_dim * value_dim), 0.0);
    for (int64_t r = 0; r < rows; ++r) {
      const auto key = [&](int64_t i) { return double{k[static_cast<size_t>(r * key_dim + i)]}; };
      const auto at = static_cast<size_t>(r);
      for (int64_t c = 0; c < value_dim; ++c) {
        const auto state = [&](int64_t i) -> double& { return final_state[static_cast<size_t>(i * value_dim + c)]; };
        double foreseen = 0, answer = 0;
        for (int64_t i = 0; i < key_dim; ++i) foreseen += (state(i) *= double{decay[at]}) * key(i);
        const double written = beta[at] * (v[static_cast<size_t>(r * value_dim + c)] - foreseen);
        for (int64_t i = 0; i < key_dim; ++i) {
          state(i) += key(i) * written;
          answer += state(i) * q[static_cast<size_t>(r * key_dim + i)];
        }
        expected[static_cast<size_t>(r * value_dim + c)] = static_cast<float>(answer);
      }
    }
  }
};

class DeltaRuleTest : public IsaTest {
 protected:
  Head make_head(int64_t rows, int64_t key_dim, int64_t value_dim, float slowest) {
    Head head{rows, key_dim, value_dim, random(rows * key_dim), random(rows * key_dim), random(rows * value_dim), {},
              {},   {},      {}};
    for (std::vector<float>* vectors : {&head.q, &head.k}) {
      for (int64_t r = 0; r < rows; ++r) {
        double squares = 0;
        float* const row = vectors->data() + r * key_dim;
        for (int64_t i = 0; i < key_dim; ++i) squares += double{row[i]} * row[i];
        for (int64_t i = 0; i < key_dim; ++i) row[i] /= static_cast<float>(std::sqrt(squares));
      }
    }
    std::uniform_real_distribution<float> decay(slowest, 1.0f), beta(0.0f, 1.0f);
    for (int64_t r = 0; r < rows; ++r) {
      head.decay.push_back(decay(rng_));
      head.beta.push_back(beta(rng_));
    }
    head.compute();
    return head;
  }

  // In calls of so many rows and lane blocks; the values are overwritten by the results.
  std::vector<float> run(const Head& head, int64_t rows, int64_t blocks, bool is_row_by_row,
                         std::vector<float>* state_out = nullptr) {
    std::vector<float> state(static_cast<size_t>(delta_state_floats(head.key_dim, head.value_dim))), got = head.v;
    const int64_t block_count = delta_lane_blocks(head.value_dim);
    for (int64_t r = 0; r < head.rows; r += rows) {
      for (int64_t block = 0; block < block_count; block += blocks) {
        float* const values = got.data() + r * head.value_dim;
        fast().delta_rule({.q = head.q.data() + r * head.key_dim,
                           .k = head.k.data() + r * head.key_dim,
                           .key_stride = head.key_dim,
                           .v = values,
                           .value_stride = head.value_dim,
                           .decay = head.decay.data() + r,
                           .beta = head.beta.data() + r,
                           .gate_stride = 1,
                           .row_count = std::min(rows, head.rows - r),
                           .key_dim = head.key_dim,
                           .value_dim = head.value_dim,
                           .block_begin = block,
                           .block_end = std::min(block + blocks, block_count),
                           .is_row_by_row = is_row_by_row,
                           .state = state.data(),
                           .out = values,
                           .out_stride = head.value_dim});
      }
    }
    if (state_out != nullptr) *state_out = state;
    return got;
  }
};

TEST_P(DeltaRuleTest, IsItsDefinition) {
  struct Shape {
    int64_t rows, key_dim, value_dim;
  };
  for (const Shape shape : {Shape{1, 16, 16}, {5, 24, 48}, {150, 128, 128}, {71, 9, 33}, {200, 64, 96}}) {
    for (const float slowest : {0.9f, 0.0001f}) {
      const Head head = make_head(shape.rows, shape.key_dim, shape.value_dim, slowest);
      for (const int64_t rows : {1, 3, 7, 30, 64}) {
        for (const bool is_row_by_row : {false, true}) {
          std::vector<float> state;
          expect_near(run(head, rows, 100, is_row_by_row, &state), head.expected, 1e-4, 1e-5);
          for (int64_t c = 0; c < delta_lane_blocks(head.value_dim) * kDeltaLanes; ++c) {
            for (int64_t i = 0; i < head.key_dim; ++i) {
              const int64_t at = (c / kDeltaLanes * head.key_dim + i) * kDeltaLanes + c % kDeltaLanes;
              const double expected =
                  c < head.value_dim ? head.final_state[static_cast<size_t>(i * head.value_dim + c)] : 0;
              ASSERT_NEAR(state[static_cast<size_t>(at)], expected, 1e-5 + 1e-4 * std::fabs(expected));
            }
          }
        }
      }
    }
  }
}

TEST_P(DeltaRuleTest, TheDivisionOfColumnsChangesNoBit) {
  const Head head = make_head(62, 32, 100, 0.5f);
  for (const bool is_row_by_row : {false, true}) {
    const auto whole = run(head, 62, 4, is_row_by_row);
    EXPECT_EQ(run(head, 62, 1, is_row_by_row), whole);
    EXPECT_EQ(run(head, 62, 3, is_row_by_row), whole);
  }
}

TEST_P(DeltaRuleTest, RowByRowTheCutChangesNoBit) {
  const Head head = make_head(100, 32, 32, 0.5f);
  const auto whole = run(head, kDeltaRowsMax, 1, true);
  for (const int64_t rows : {1, 3, 4, 33}) EXPECT_EQ(run(head, rows, 1, true), whole) << rows;
}

// Keys that repeat with a gate of 1 are the hardest for what is computed together: each row undoes the one before.
TEST_P(DeltaRuleTest, EqualKeysOverwriteEachOther) {
  Head head = make_head(120, 64, 32, 1.0f);
  for (int64_t r = 1; r < head.rows; ++r) {
    std::copy_n(head.k.begin(), head.key_dim, head.k.begin() + r * head.key_dim);
  }
  std::ranges::fill(head.beta, 1.0f);
  std::ranges::fill(head.decay, 1.0f);
  head.compute();
  for (const bool is_row_by_row : {false, true})
    expect_near(run(head, kDeltaRowsMax, 1, is_row_by_row), head.expected, 1e-4, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Scalar, DeltaRuleTest, testing::Values(Isa::scalar), isa_test_name);
INSTANTIATE_TEST_SUITE_P(Levels, DeltaRuleTest, isa_levels(), isa_test_name);

}  // namespace
}  // namespace estoc::kernels
