#include "engine/step_time.h"

#include <algorithm>

#include "models/model.h"

namespace estoc {
namespace {

constexpr double kForgetting = 0.99;  // half of what is known is 70 steps old
constexpr double kVarianceMax = 9;    // also at first: a guess may be several times off
constexpr double kNoise = 0.1 * 0.1;  // of a measured time, relative
constexpr double kFactorMin = 0.01, kFactorMax = 1000;

}  // namespace

StepTimeModel::Coefficients StepTimeModel::guess_for(const ModelInfo& info) {
  constexpr double kBytesASecond = 10e9, kMacsASecond = 50e9;
  const double head = double(info.vocab) * info.hidden;
  const double body = std::max(0.0, static_cast<double>(info.parameter_count) - head);
  Coefficients guess;
  guess.step = 1e-4 + static_cast<double>(info.weight_bytes) / kBytesASecond;
  guess.row = 1e-6 + body / kMacsASecond;
  guess.logit_row = 1e-6 + head / kMacsASecond;
  guess.attended = 1e-10 + 2.0 * info.layers * info.heads * info.head_dim / kMacsASecond;
  return guess;
}

StepTimeModel::StepTimeModel(const Coefficients& guess)
    : guess_{guess.step, guess.row, guess.logit_row, guess.attended}, factor_{1, 1, 1, 1} {
  for (int i = 0; i < kSize; ++i) covariance_[static_cast<size_t>(i)][static_cast<size_t>(i)] = kVarianceMax;
}

StepTimeModel::Vector StepTimeModel::features(const StepWork& work) const {
  return {guess_[0], guess_[1] * work.rows, guess_[2] * work.logit_rows,
          guess_[3] * static_cast<double>(work.attended)};
}

double StepTimeModel::predict(const StepWork& work) const {
  const Vector x = features(work);
  double seconds = 0;
  for (size_t i = 0; i < kSize; ++i) seconds += std::clamp(factor_[i], kFactorMin, kFactorMax) * x[i];
  return seconds;
}

// Errors are relative to the larger of both times: steps of one row and of 500 weigh the same, and a step that took a
// hundred times as long as predicted moves nothing by much.
void StepTimeModel::learn(const StepWork& work, double seconds) {
  const double scale = std::max(predict(work), seconds);
  Vector x = features(work);
  for (double& feature : x) feature /= scale;
  Vector px{};
  double variance = kNoise, expected = 0;
  for (size_t i = 0; i < kSize; ++i) {
    for (size_t j = 0; j < kSize; ++j) px[i] += covariance_[i][j] * x[j];
    variance += x[i] * px[i];
    expected += x[i] * factor_[i];
  }
  for (size_t i = 0; i < kSize; ++i) {
    factor_[i] = std::clamp(factor_[i] + px[i] / variance * (seconds / scale - expected), kFactorMin, kFactorMax);
    for (size_t j = 0; j < kSize; ++j) covariance_[i][j] -= px[i] * px[j] / variance;
  }
  double largest = 0;
  for (size_t i = 0; i < kSize; ++i) largest = std::max(largest, covariance_[i][i]);
  const double growth = std::min(1 / kForgetting, std::max(1.0, kVarianceMax / largest));
  for (Vector& row : covariance_) {
    for (double& value : row) value *= growth;
  }
}

StepTimeModel::Coefficients StepTimeModel::coefficients() const {
  return {factor_[0] * guess_[0], factor_[1] * guess_[1], factor_[2] * guess_[2], factor_[3] * guess_[3]};
}

}  // namespace estoc
