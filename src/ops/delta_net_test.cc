// The op against the definition of a gated delta net in double precision, from each sequence's whole past.
#include "ops/delta_net.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace estoc {
namespace {

double silu(double x) { return x / (1 + std::exp(-x)); }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// What the projections give for column c of one input at one position of a sequence.
float projected(int input, int sequence, int position, int64_t column) {
  return std::sin(static_cast<float>(input * 31 + sequence * 1000 + position * 7) + 0.3f * static_cast<float>(column));
}
enum Input { kQ, kK, kV, kA, kB };

struct Reference {
  DeltaNetShape shape;
  const std::vector<float>&taps, &rates, &biases;

  double convolved(Input input, int sequence, int position, int64_t column) const {
    const int64_t first = input == kQ ? 0 : input == kK ? shape.key_columns() : 2 * shape.key_columns();
    double sum = 0;
    for (int k = 0; k < shape.conv_width; ++k) {
      const int from = position - (shape.conv_width - 1) + k;
      if (from < 0) continue;
      const auto tap = static_cast<size_t>(k * shape.conv_columns() + first + column);
      sum += double{taps[tap]} * projected(input, sequence, from, column);
    }
    return silu(sum);
  }

  std::vector<double> unit(Input input, int sequence, int position, int64_t head) const {
    std::vector<double> row;
    double squares = 0;
    for (int64_t i = 0; i < shape.key_dim; ++i) {
      row.push_back(convolved(input, sequence, position, head * shape.key_dim + i));
      squares += row.back() * row.back();
    }
    for (double& value : row) value /= std::sqrt(squares + 1e-6);
    return row;
  }

  // [position][value column] of the first `positions`.
  std::vector<std::vector<double>> answers(int sequence, int positions) const {
    std::vector<std::vector<double>> result(static_cast<size_t>(positions));
    const auto dim = static_cast<size_t>(shape.key_dim);
    for (int64_t head = 0; head < shape.value_heads; ++head) {
      const int64_t key_head =
          shape.are_heads_in_turn ? head % shape.key_heads : head / (shape.value_heads / shape.key_heads);
      std::vector<double> state(static_cast<size_t>(shape.value_dim) * dim);
      for (int p = 0; p < positions; ++p) {
        const auto q = unit(kQ, sequence, p, key_head), k = unit(kK, sequence, p, key_head);
        const auto at = static_cast<size_t>(head);
        const double decay =
            std::exp(-double{rates[at]} * std::log1p(std::exp(projected(kA, sequence, p, head) + biases[at])));
        const double beta = sigmoid(projected(kB, sequence, p, head));
        for (int64_t c = 0; c < shape.value_dim; ++c) {
          double* const row = &state[static_cast<size_t>(c) * dim];
          double foreseen = 0, answer = 0;
          for (size_t i = 0; i < dim; ++i) foreseen += (row[i] *= decay) * k[i];
          const double written = beta * (convolved(kV, sequence, p, head * shape.value_dim + c) - foreseen);
          for (size_t i = 0; i < dim; ++i) answer += (row[i] += written * k[i]) * q[i] / std::sqrt(shape.key_dim);
          result[static_cast<size_t>(p)].push_back(answer);
        }
      }
    }
    return result;
  }
};

class DeltaNetTest : public testing::TestWithParam<DeltaNetShape> {
 protected:
  DeltaNetTest() {
    for (size_t i = 0; i < taps_.size(); ++i) taps_[i] = std::cos(static_cast<float>(i));
    for (int head = 0; head < shape_.value_heads; ++head) {
      rates_.push_back(0.01f + 0.7f * static_cast<float>(head));
      biases_.push_back(static_cast<float>(head % 3) - 1);
    }
  }

  // Computes so many more rows of each sequence in one batch and compares them.
  void step(const std::vector<int>& counts) {
    std::vector<BatchSequence> sequences;
    int count = 0;
    for (size_t s = 0; s < counts.size(); ++s) {
      if (counts[s] > 0) sequences.push_back({count, counts[s], done_[s], {&blocks_[s], 1}});
      count += counts[s];
    }
    const auto filled = [&](Input input, int64_t columns) {
      Rows rows(count, columns);
      rows.reset(count);
      int row = 0;
      for (size_t s = 0; s < counts.size(); ++s) {
        for (int r = 0; r < counts[s]; ++r, ++row) {
          for (int64_t c = 0; c < columns; ++c) {
            rows.row(row)[c] = projected(input, static_cast<int>(s), done_[s] + r, c);
          }
        }
      }
      return rows;
    };
    Rows q = filled(kQ, shape_.key_columns()), k = filled(kK, shape_.key_columns());
    Rows v = filled(kV, shape_.value_columns());
    const Rows a = filled(kA, shape_.value_heads), b = filled(kB, shape_.value_heads);
    delta_net({.team = team_, .kernels = kernels::table(), .is_deterministic = is_deterministic_},
              {.tokens = {}, .sequences = sequences, .logit_rows = {}}, states_, 0, shape_,
              {taps_, query_scale_, key_scale_, rates_, biases_}, {&q, &k, &v, &a, &b});
    int row = 0;
    for (size_t s = 0; s < counts.size(); ++s) {
      const auto expected = reference_.answers(static_cast<int>(s), done_[s] + counts[s]);
      for (int r = 0; r < counts[s]; ++r, ++row) {
        for (int64_t c = 0; c < shape_.value_columns(); ++c) {
          ASSERT_NEAR(v.row(row)[c], expected[static_cast<size_t>(done_[s] + r)][static_cast<size_t>(c)], 2e-5)
              << "sequence " << s << ", position " << done_[s] + r << ", column " << c;
        }
      }
      done_[s] += counts[s];
    }
  }

  const DeltaNetShape shape_ = GetParam();
  std::vector<float> taps_ = std::vector<float>(static_cast<size_t>(shape_.conv_width * shape_.conv_columns()));
  std::vector<float> query_scale_ =
      std::vector<float>(static_cast<size_t>(shape_.key_dim), 1 / static_cast<float>(shape_.key_dim));
  std::vector<float> key_scale_ =
      std::vector<float>(static_cast<size_t>(shape_.key_dim), 1 / std::sqrt(static_cast<float>(shape_.key_dim)));
  std::vector<float> rates_, biases_;
  const Reference reference_{shape_, taps_, rates_, biases_};
  ThreadTeam team_{3};
  StateStorage states_{StateLayout({FixedState{shape_.state_bytes()}}), KvType::f32, 2};
  std::vector<BlockId> blocks_ = {1, 0};
  std::vector<int> done_ = {0, 0};
  bool is_deterministic_ = false;
};

TEST_P(DeltaNetTest, GoesOnWhereEachSequenceStands) {
  for (const bool is_deterministic : {false, true}) {
    is_deterministic_ = is_deterministic;
    done_ = {0, 0};
    step({1, 5});
    step({1, 0});
    step({2, 1});
    step({150, 3});  // so many rows are divided among the threads, and go through the rule in several calls
    step({1, 1});
  }
}

TEST_P(DeltaNetTest, ABlockForgetsItsLastOwner) {
  for (const int rows : {1, 70}) {
    for (const BlockId block : blocks_) {
      auto* const state = reinterpret_cast<float*>(states_.fixed(0, block));
      std::fill_n(state, shape_.state_bytes() / 4, std::numeric_limits<float>::quiet_NaN());
    }
    done_ = {0, 0};
    step({rows, 1});
    step({1, 1});
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, DeltaNetTest,
    testing::Values(DeltaNetShape{.key_heads = 2, .value_heads = 2, .key_dim = 16, .value_dim = 64, .conv_width = 4},
                    DeltaNetShape{.key_heads = 2, .value_heads = 6, .key_dim = 24, .value_dim = 40, .conv_width = 3},
                    DeltaNetShape{.key_heads = 8,
                                  .value_heads = 16,
                                  .are_heads_in_turn = true,
                                  .key_dim = 8,
                                  .value_dim = 16,
                                  .conv_width = 4}),
    [](const auto& info) { return "Shape" + std::to_string(info.index); });

}  // namespace
}  // namespace estoc
