#include "ops/selective_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace estoc {
namespace {

constexpr int kColumns = 300, kStateSize = 6;
constexpr int64_t kOffset = 192;  // bytes of the fixed state that are somebody else's

float number(int sequence, int position, int64_t column) {
  return std::sin(static_cast<float>(sequence * 1000 + position * 7) + 0.3f * static_cast<float>(column));
}

class SelectiveScanTest : public testing::Test {
 protected:
  SelectiveScanTest() {
    for (int i = 0; i < kColumns * kStateSize; ++i) rates_.push_back(-0.05f * static_cast<float>(1 + i % 17));
    for (int i = 0; i < kColumns; ++i) skip_.push_back(0.2f * static_cast<float>(i % 3));
    blocked_ = in_scan_blocks(rates_, kColumns, kStateSize);
  }

  // The definition, from the whole past of the sequence: x, then raw steps, then b and c are columns of one row.
  double expected(int sequence, int position, int64_t column) const {
    const auto i = static_cast<size_t>(column);
    double sum = double{skip_[i]} * number(sequence, position, column);
    for (size_t n = 0; n < kStateSize; ++n) {
      const double read = number(sequence, position, 2 * kColumns + kStateSize + static_cast<int64_t>(n));
      double worth = 1;
      for (int past = position; past >= 0; --past) {
        const double step = std::log1p(std::exp(double{number(sequence, past, kColumns + column)}));
        const double taken = number(sequence, past, 2 * kColumns + static_cast<int64_t>(n));
        sum += read * worth * step * taken * number(sequence, past, column);
        worth *= std::exp(step * rates_[i * kStateSize + n]);
      }
    }
    return sum;
  }

  // Computes so many more rows of each sequence in one batch and compares them.
  void step(const std::vector<int>& counts) {
    std::vector<BatchSequence> sequences;
    int rows = 0;
    for (size_t s = 0; s < counts.size(); ++s) {
      if (counts[s] > 0) sequences.push_back({rows, counts[s], done_[s], {&blocks_[s], 1}});
      rows += counts[s];
    }
    Rows x(rows, kColumns), raw(rows, kColumns), bc(rows, 2 * int64_t{kStateSize}), out(rows, kColumns);
    for (Rows* each : {&x, &raw, &bc}) each->reset(rows);
    int row = 0;
    for (size_t s = 0; s < counts.size(); ++s) {
      for (int r = 0; r < counts[s]; ++r, ++row) {
        const auto at = [&](int64_t c) { return number(static_cast<int>(s), done_[s] + r, c); };
        for (int64_t c = 0; c < kColumns; ++c) x.row(row)[c] = at(c), raw.row(row)[c] = at(kColumns + c);
        for (int64_t c = 0; c < bc.columns(); ++c) bc.row(row)[c] = at(2 * kColumns + c);
      }
    }
    const Batch batch{.tokens = {}, .sequences = sequences, .logit_rows = {}};
    const Compute compute{team_, kernels::table()};
    selective_scan(compute, batch, states_, 0, kOffset, {blocked_, skip_, kStateSize}, x, raw, bc, out);
    row = 0;
    for (size_t s = 0; s < counts.size(); ++s) {
      for (int r = 0; r < counts[s]; ++r, ++row) {
        for (int64_t c = 0; c < kColumns; c += c == 0 ? 1 : 13) {  // some of each piece
          ASSERT_NEAR(out.row(row)[c], expected(static_cast<int>(s), done_[s] + r, c), 2e-4)
              << "sequence " << s << ", position " << done_[s] + r << ", column " << c;
        }
      }
      done_[s] += counts[s];
    }
  }

  std::vector<float> rates_, blocked_, skip_;
  ThreadTeam team_{3};
  StateStorage states_{StateLayout({FixedState{kOffset + scan_state_bytes(kColumns, kStateSize)}}), KvType::f32, 2};
  std::vector<BlockId> blocks_ = {1, 0};
  std::vector<int> done_ = {0, 0};
};

TEST_F(SelectiveScanTest, GoesOnWhereEachSequenceStands) {
  step({1, 5});
  step({1, 0});
  step({2, 1});
  step({40, 3});
  step({1, 1});
}

TEST_F(SelectiveScanTest, ABlockForgetsItsLastOwner) {
  for (const BlockId block : blocks_) {
    auto* const state = reinterpret_cast<float*>(states_.fixed(0, block) + kOffset);
    std::fill_n(state, kernels::scan_floats(kColumns, kStateSize), std::numeric_limits<float>::quiet_NaN());
  }
  step({3, 1});
  step({1, 1});
}

TEST_F(SelectiveScanTest, NormsPartsOfRows) {
  Rows rows(2, 10);
  rows.reset(2);
  for (int64_t r = 0; r < 2; ++r) {
    for (int64_t c = 0; c < 10; ++c) rows.row(r)[c] = number(0, static_cast<int>(r), c);
  }
  const std::vector<float> weight = {1, 2, 3, 4};
  norm_columns({team_, kernels::table()}, weight, 0.5f, 3, rows);
  for (int64_t r = 0; r < 2; ++r) {
    double squares = 0;
    for (int64_t c = 3; c < 7; ++c) squares += std::pow(number(0, static_cast<int>(r), c), 2);
    for (int64_t c = 0; c < 10; ++c) {
      const double given = number(0, static_cast<int>(r), c);
      const double normed = given / std::sqrt(squares / 4 + 0.5) * (c < 3 ? 0 : weight[static_cast<size_t>(c - 3) % 4]);
      EXPECT_NEAR(rows.row(r)[c], c >= 3 && c < 7 ? normed : given, 1e-5);
    }
  }
}

}  // namespace
}  // namespace estoc
