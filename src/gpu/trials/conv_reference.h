// A causal convolution in double, row by row: what the kernels' convolutions are held against. Internal to the trials.
#pragma once

#include <cmath>
#include <span>
#include <vector>

namespace estoc::gpu {

inline double silu(double x) { return x / (1 + std::exp(-x)); }

// All rows of one sequence so far. Borrows taps [width][columns] and bias [columns], which may be empty for none.
class ConvReference {
 public:
  ConvReference(const std::vector<float>& taps, std::span<const float> bias, int columns)
      : taps_(taps), bias_(bias), columns_(static_cast<size_t>(columns)) {}

  // What the next row gives: [columns].
  template <typename Number>
  std::vector<double> next(const Number* inputs) {
    rows_.emplace_back(inputs, inputs + columns_);
    std::vector<double> sums(columns_);
    if (!bias_.empty()) sums.assign(bias_.begin(), bias_.end());
    const size_t width = taps_.size() / columns_;
    for (size_t k = 0; k < width; ++k) {
      if (rows_.size() + k < width) continue;
      const std::vector<double>& row = rows_[rows_.size() + k - width];
      for (size_t i = 0; i < columns_; ++i) sums[i] += double{taps_[k * columns_ + i]} * row[i];
    }
    return sums;
  }

 private:
  const std::vector<float>& taps_;
  std::span<const float> bias_;
  size_t columns_;
  std::vector<std::vector<double>> rows_;
};

}  // namespace estoc::gpu
