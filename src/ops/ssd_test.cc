#include "ops/ssd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace estoc {
namespace {

constexpr SsdShape kShape{.heads = 20, .head_dim = 8, .groups = 2, .state_size = 16};
constexpr int64_t kOffset = 192;  // bytes of the fixed state that are somebody else's

float number(int sequence, int position, int64_t column) {
  return std::sin(static_cast<float>(sequence * 1000 + position * 7) + 0.3f * static_cast<float>(column));
}

class SsdTest : public testing::Test {
 protected:
  SsdTest() {
    for (int h = 0; h < kShape.heads; ++h) {
      bias_.push_back(0.1f * static_cast<float>(h % 5) - 1);
      rates_.push_back(-0.05f * static_cast<float>(1 + h % 7));
      skip_.push_back(0.2f * static_cast<float>(h % 3));
    }
  }

  // The definition, from the whole past of the sequence; raw steps are columns behind x, b and c.
  std::vector<double> expected(int sequence, int position) const {
    std::vector<double> out(static_cast<size_t>(kShape.x_columns()));
    for (int h = 0; h < kShape.heads; ++h) {
      const auto head = static_cast<size_t>(h);
      const int64_t b_column = kShape.x_columns() + h / (kShape.heads / kShape.groups) * kShape.state_size;
      for (int d = 0; d < kShape.head_dim; ++d) {
        const int64_t x_column = int64_t{h} * kShape.head_dim + d;
        double sum = double{skip_[head]} * number(sequence, position, x_column);
        double worth = 1;
        for (int past = position; past >= 0; --past) {
          double dot = 0;
          for (int64_t n = 0; n < kShape.state_size; ++n) {
            dot += double{number(sequence, past, b_column + n)} *
                   number(sequence, position, b_column + kShape.bc_columns() + n);
          }
          const double raw = double{number(sequence, past, kShape.columns() + h)} + bias_[head];
          const double step = std::clamp<double>(std::log1p(std::exp(raw)), kStepMin, kStepMax);
          sum += worth * step * dot * number(sequence, past, x_column);
          worth *= std::exp(step * rates_[head]);
        }
        out[static_cast<size_t>(x_column)] = sum;
      }
    }
    return out;
  }

  // Computes so many more rows of each sequence in one batch and compares them.
  void step(const std::vector<int>& counts, bool is_deterministic = false) {
    std::vector<BatchSequence> sequences;
    int rows = 0;
    for (size_t s = 0; s < counts.size(); ++s) {
      if (counts[s] > 0) sequences.push_back({rows, counts[s], done_[s], {&blocks_[s], 1}});
      rows += counts[s];
    }
    Rows in(rows, kShape.columns()), raw(rows, kShape.columns() + kShape.heads), out(rows, kShape.x_columns());
    Rows steps(rows, 2 * int64_t{kShape.heads});
    in.reset(rows);
    raw.reset(rows);
    int row = 0;
    for (size_t s = 0; s < counts.size(); ++s) {
      for (int r = 0; r < counts[s]; ++r, ++row) {
        for (int64_t c = 0; c < raw.columns(); ++c) {
          raw.row(row)[c] = number(static_cast<int>(s), done_[s] + r, c);
          if (c < in.columns()) in.row(row)[c] = raw.row(row)[c];
        }
      }
    }
    Compute compute{team_, kernels::table()};
    compute.is_deterministic = is_deterministic;
    const Batch batch{.tokens = {}, .sequences = sequences, .logit_rows = {}};
    const SsdWeights weights{bias_, rates_, skip_, kStepMin, kStepMax};
    ssd_steps(compute, raw, kShape.columns(), weights, steps);
    ssd(compute, batch, states_, 0, kOffset, kShape, weights, in, steps, out);
    row = 0;
    outputs_.clear();
    for (size_t s = 0; s < counts.size(); ++s) {
      for (int r = 0; r < counts[s]; ++r, ++row) {
        const std::vector<double> wanted = expected(static_cast<int>(s), done_[s] + r);
        for (int64_t c = 0; c < kShape.x_columns(); ++c) {
          ASSERT_NEAR(out.row(row)[c], wanted[static_cast<size_t>(c)], 1e-3)
              << "sequence " << s << ", position " << done_[s] + r << ", column " << c;
        }
        outputs_.insert(outputs_.end(), out.row(row), out.row(row) + kShape.x_columns());
      }
      done_[s] += counts[s];
    }
  }

  static constexpr float kStepMin = 0.2f, kStepMax = 1.0f;
  std::vector<float> bias_, rates_, skip_, outputs_;
  ThreadTeam team_{3};
  StateStorage states_{StateLayout({FixedState{kOffset + kShape.state_floats() * static_cast<int64_t>(sizeof(float))}}),
                       KvType::f32, 2};
  std::vector<BlockId> blocks_ = {1, 0};
  std::vector<int> done_ = {0, 0};
};

TEST_F(SsdTest, GoesOnWhereEachSequenceStands) {
  step({1, 5});
  step({1, 0});
  step({2, 1});
  step({150, 3});
  step({1, 1});
}

TEST_F(SsdTest, ABlockForgetsItsLastOwner) {
  for (const int rows : {1, 70}) {
    for (const BlockId block : blocks_) {
      auto* const state = reinterpret_cast<float*>(states_.fixed(0, block) + kOffset);
      std::fill_n(state, kShape.state_floats(), std::numeric_limits<float>::quiet_NaN());
    }
    done_ = {0, 0};
    step({rows, 1});
    step({1, 1});
  }
}

TEST_F(SsdTest, DeterministicBitsDoNotDependOnTheBatch) {
  step({40, 0}, true);
  const std::vector<float> alone = outputs_;
  done_ = {0, 0};
  std::vector<float> together;
  for (const int rows : {1, 20, 19}) {
    step({rows, 3}, true);
    together.insert(together.end(), outputs_.begin(), outputs_.begin() + rows * kShape.x_columns());
  }
  EXPECT_EQ(together, alone);
}

}  // namespace
}  // namespace estoc
