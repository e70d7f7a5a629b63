#include "ops/gated_norm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace estoc {
namespace {

constexpr int64_t kColumns = 64, kGroup = 16, kGateColumn = 5;
constexpr float kEpsilon = 1e-5f;

float number(int64_t row, int64_t column) {
  return std::sin(static_cast<float>(row * 13) + 0.7f * static_cast<float>(column));
}

// Of one row, by definition.
std::vector<double> expected(int64_t row, const GatedNorm& norm) {
  std::vector<double> out(kColumns);
  const auto silu = [&](int64_t c) {
    const double gate = number(row + 100, kGateColumn + c);
    return gate / (1 + std::exp(-gate));
  };
  for (int64_t c = 0; c < kColumns; ++c) {
    out[static_cast<size_t>(c)] = number(row, c) * (norm.is_gate_first || norm.weight.empty() ? silu(c) : 1);
  }
  for (int64_t g = 0; g < kColumns && !norm.weight.empty(); g += norm.group) {
    double squares = 0;
    for (int64_t c = g; c < g + norm.group; ++c) squares += out[static_cast<size_t>(c)] * out[static_cast<size_t>(c)];
    const double factor = 1 / std::sqrt(squares / static_cast<double>(norm.group) + norm.epsilon);
    for (int64_t c = g; c < g + norm.group; ++c) {
      const int64_t at = std::ssize(norm.weight) == norm.group ? c - g : c;
      out[static_cast<size_t>(c)] *= factor * norm.weight[static_cast<size_t>(at)] * (norm.is_gate_first ? 1 : silu(c));
    }
  }
  return out;
}

TEST(GatedNorm, InEitherOrderOverGroupsAndWithout) {
  ThreadTeam team(2);
  const Compute compute{team, kernels::table()};
  std::vector<float> weight(kColumns);
  for (size_t i = 0; i < weight.size(); ++i) weight[i] = 0.5f + 0.01f * static_cast<float>(i);
  const std::span<const float> all(weight);
  for (const GatedNorm& norm :
       {GatedNorm{all, kGroup, kEpsilon, true}, GatedNorm{all, kColumns, kEpsilon, true},
        GatedNorm{all, kGroup, kEpsilon, false}, GatedNorm{all.first(kGroup), kGroup, kEpsilon}, GatedNorm{}}) {
    for (const int64_t rows : {1, 3, 100}) {
      Rows x(rows, kColumns), gates(rows, kColumns + kGateColumn), out(rows, kColumns);
      x.reset(rows);
      gates.reset(rows);
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t c = 0; c < kColumns; ++c) x.row(r)[c] = number(r, c);
        for (int64_t c = 0; c < gates.columns(); ++c) gates.row(r)[c] = number(r + 100, c);
      }
      gated_norm(compute, x, gates, kGateColumn, norm, out, RowForm::values);
      for (int64_t r = 0; r < rows; ++r) {
        const std::vector<double> wanted = expected(r, norm);
        for (int64_t c = 0; c < kColumns; ++c) {
          ASSERT_NEAR(out.row(r)[c], wanted[static_cast<size_t>(c)], 1e-5) << "row " << r << ", column " << c;
          ASSERT_EQ(x.row(r)[c], number(r, c));
        }
      }
    }
  }
}

}  // namespace
}  // namespace estoc
