// Convolutions over each sequence of a batch (ops/short_conv.h, ops/causal_conv.h) against their definitions.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "ops/causal_conv.h"
#include "ops/short_conv.h"

namespace estoc {
namespace {

constexpr int64_t kColumns = 48;
constexpr int kWidth = 3;

float input(int sequence, int position, int64_t column) {
  return std::sin(static_cast<float>(sequence * 1000 + position * 7) + 0.3f * static_cast<float>(column));
}

// One of them: what it is called with, what it convolves, and what it makes of a sum at a position.
struct Convolution {
  std::string name;
  int64_t in_columns;
  void (*run)(const Compute& compute, const Batch& batch, StateStorage& states, const Rows& in,
              std::span<const float> taps, std::span<const float> bias, Rows& out);
  double (*value)(int sequence, int position, int64_t column);
  double (*result)(double sum, int sequence, int position, int64_t column);
};

constexpr int64_t kFirst = 7;  // column of the causal one's inputs

const Convolution kShort = {
    .name = "Short",
    .in_columns = 3 * kColumns,
    .run = [](const Compute& compute, const Batch& batch, StateStorage& states, const Rows& in,
              std::span<const float> taps, std::span<const float> bias,
              Rows& out) { short_conv(compute, batch, states, 0, in, {taps, bias, kWidth}, out); },
    .value =
        [](int sequence, int position, int64_t column) {
          return double{input(sequence, position, column)} * input(sequence, position, 2 * kColumns + column);
        },
    .result = [](double sum, int sequence, int position,
                 int64_t column) { return sum * input(sequence, position, kColumns + column); }};

const Convolution kCausal = {
    .name = "Causal",
    .in_columns = kFirst + kColumns + 2,
    .run = [](const Compute& compute, const Batch& batch, StateStorage& states, const Rows& in,
              std::span<const float> taps, std::span<const float> bias,
              Rows& out) { causal_conv(compute, batch, states, 0, in, kFirst, {taps, bias, kWidth}, out); },
    .value = [](int sequence, int position,
                int64_t column) { return double{input(sequence, position, kFirst + column)}; },
    .result = [](double sum, int, int, int64_t) { return sum / (1 + std::exp(-sum)); }};

class ConvolutionTest : public testing::TestWithParam<Convolution> {
 protected:
  ConvolutionTest() {
    for (size_t i = 0; i < taps_.size(); ++i) taps_[i] = std::cos(static_cast<float>(i));
    for (size_t i = 0; i < bias_.size(); ++i) bias_[i] = 0.01f * static_cast<float>(i);
  }

  // The definition, from the whole past of the sequence.
  double expected(int sequence, int position, int64_t column, bool has_bias) const {
    double sum = has_bias ? bias_[static_cast<size_t>(column)] : 0;
    for (int k = 0; k < kWidth; ++k) {
      const int from = position - (kWidth - 1) + k;
      if (from < 0) continue;
      sum += double{taps_[static_cast<size_t>(k * kColumns + column)]} * GetParam().value(sequence, from, column);
    }
    return GetParam().result(sum, sequence, position, column);
  }

  // Computes so many more rows of each sequence in one batch and compares them.
  void step(const std::vector<int>& counts, bool has_bias = true) {
    std::vector<BatchSequence> sequences;
    int rows = 0;
    for (size_t s = 0; s < counts.size(); ++s) {
      if (counts[s] > 0) sequences.push_back({rows, counts[s], done_[s], {&blocks_[s], 1}});
      rows += counts[s];
    }
    Rows in(rows, GetParam().in_columns), out(rows, kColumns);
    in.reset(rows);
    int row = 0;
    for (size_t s = 0; s < counts.size(); ++s) {
      for (int r = 0; r < counts[s]; ++r, ++row) {
        for (int64_t c = 0; c < in.columns(); ++c) in.row(row)[c] = input(static_cast<int>(s), done_[s] + r, c);
      }
    }
    const Batch batch{.tokens = {}, .sequences = sequences, .logit_rows = {}};
    const std::span<const float> bias = has_bias ? std::span<const float>(bias_) : std::span<const float>();
    GetParam().run({team_, kernels::table()}, batch, states_, in, taps_, bias, out);
    row = 0;
    for (size_t s = 0; s < counts.size(); ++s) {
      for (int r = 0; r < counts[s]; ++r, ++row) {
        for (int64_t c = 0; c < kColumns; ++c) {
          ASSERT_NEAR(out.row(row)[c], expected(static_cast<int>(s), done_[s] + r, c, has_bias), 1e-4)
              << "sequence " << s << ", position " << done_[s] + r << ", column " << c;
        }
      }
      done_[s] += counts[s];
    }
  }

  std::vector<float> taps_ = std::vector<float>(kWidth * kColumns), bias_ = std::vector<float>(kColumns);
  ThreadTeam team_{3};
  StateStorage states_{StateLayout({FixedState{(kWidth - 1) * kColumns * sizeof(float)}}), KvType::f32, 2};
  std::vector<BlockId> blocks_ = {1, 0};
  std::vector<int> done_ = {0, 0};
};

TEST_P(ConvolutionTest, GoesOnWhereEachSequenceStands) {
  step({1, 5});
  step({1, 0});
  step({2, 1});
  step({200, 3});  // so many rows are divided among the threads
  step({1, 1});
}

TEST_P(ConvolutionTest, ABiasMayBeMissing) {
  step({3, 2}, false);
  step({1, 90}, false);
}

TEST_P(ConvolutionTest, ABlockForgetsItsLastOwner) {
  for (const int rows : {1, 100}) {
    for (const BlockId block : blocks_) {
      auto* const state = reinterpret_cast<float*>(states_.fixed(0, block));
      std::fill_n(state, (kWidth - 1) * kColumns, std::numeric_limits<float>::quiet_NaN());
    }
    done_ = {0, 0};
    step({rows, 1});
    step({1, 1});
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, ConvolutionTest, testing::Values(kShort, kCausal),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace estoc
