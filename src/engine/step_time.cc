#include "engine/step_time.h"

#include <algorithm>
#include <bit>

#include "models/model.h"

namespace estoc {
namespace {

constexpr double kMemory = 0.98;       // what is left of a class's sums after one more step: fifty steps
constexpr double kGuessWeight = 1e-4;  // of the guess, in steps that took exactly what it says
constexpr double kFactorMin = 0.002;   // a cost is never nothing

}  // namespace

StepCosts StepTimeModel::guess_for(const ModelInfo& info, uint64_t kv_bytes_a_position, const MachineGuess& machine) {
  const double head = double(info.vocab) * info.hidden;
  const double body = std::max(0.0, static_cast<double>(info.parameter_count) - head);
  return {.step = 1e-4 + static_cast<double>(info.weight_bytes) / machine.bytes_a_second,
          .row = 1e-6 + body / machine.macs_a_second,
          .logit_row = 1e-6 + head / machine.macs_a_second,
          .read = 1e-10 + static_cast<double>(kv_bytes_a_position) / machine.bytes_a_second,
          .attended = 1e-10 + 2.0 * info.layers * info.heads * info.head_dim / machine.attention_macs_a_second};
}

StepTimeModel::StepTimeModel(const StepCosts& guess)
    : guess_{guess.step, guess.row, guess.logit_row, guess.read, guess.attended} {
  factor_.fill(1);
}

StepTimeModel::Vector StepTimeModel::features(const StepWork& work) const {
  return {guess_[0], guess_[1] * work.rows, guess_[2] * work.logit_rows, guess_[3] * static_cast<double>(work.read),
          guess_[4] * static_cast<double>(work.attended)};
}

double StepTimeModel::predict(const StepWork& work) const {
  const Vector x = features(work);
  double seconds = 0;
  for (size_t i = 0; i < kSize; ++i) seconds += factor_[i] * x[i];
  return seconds;
}

void StepTimeModel::learn(const StepWork& work, double seconds) {
  if (work.rows <= 0 || seconds <= 0) return;
  Vector x = features(work);
  for (double& feature : x) feature /= seconds;
  const auto size_class = static_cast<size_t>(std::bit_width(static_cast<unsigned>(work.rows)) - 1);
  Sums& sums = classes_[std::min(size_class, classes_.size() - 1)];
  for (size_t i = 0; i < kSize; ++i) {
    sums.targets[i] = kMemory * sums.targets[i] + x[i];
    for (size_t j = 0; j < kSize; ++j) sums.squares[i][j] = kMemory * sums.squares[i][j] + x[i] * x[j];
  }
  solve();
}

// Coordinate descent from the last solution: each cost in turn takes what is best given the others.
void StepTimeModel::solve() {
  constexpr int kSweeps = 30;
  Sums all;
  for (size_t i = 0; i < kSize; ++i) {
    all.targets[i] = kGuessWeight;
    all.squares[i][i] = kGuessWeight;
  }
  for (const Sums& sums : classes_) {
    for (size_t i = 0; i < kSize; ++i) {
      all.targets[i] += sums.targets[i];
      for (size_t j = 0; j < kSize; ++j) all.squares[i][j] += sums.squares[i][j];
    }
  }
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    for (size_t i = 0; i < kSize; ++i) {
      double rest = all.targets[i];
      for (size_t j = 0; j < kSize; ++j) rest -= j == i ? 0 : all.squares[i][j] * factor_[j];
      factor_[i] = std::max(kFactorMin, rest / all.squares[i][i]);
    }
  }
}

StepCosts StepTimeModel::costs() const {
  return {factor_[0] * guess_[0], factor_[1] * guess_[1], factor_[2] * guess_[2], factor_[3] * guess_[3],
          factor_[4] * guess_[4]};
}

}  // namespace estoc
