// How long a step will take, learnt while running.
//
// What: time = fixed + per row + per row of logits + per attended position, each coefficient at least a small share of
// its first guess. The guess comes from the model's size; every step's measured time corrects it (recursive least
// squares that forgets slowly, so a machine that slows down or speeds up is followed). A step that took several times
// as long as predicted says more about the machine's other users than about the step, and counts for less.
// Ownership: a value. Threads: one thread. Errors: none.
#pragma once

#include <array>
#include <cstdint>

namespace estoc {

struct ModelInfo;

// What the time of a step depends on.
struct StepWork {
  int rows = 0;
  int logit_rows = 0;
  int64_t attended = 0;  // positions that the rows look at, summed over rows

  // `count` tokens of one sequence from `position` on.
  void add_rows(int position, int count) {
    rows += count;
    attended += int64_t{count} * position + int64_t{count} * (count + 1) / 2;
  }
};

class StepTimeModel {
 public:
  // First guesses in seconds for each feature.
  struct Coefficients {
    double step = 0, row = 0, logit_row = 0, attended = 0;
  };
  explicit StepTimeModel(const Coefficients& guess);
  // A guess for a model of this size on a modest machine: 10 GB/s, 50 G multiply-adds a second.
  static Coefficients guess_for(const ModelInfo& info);

  double predict(const StepWork& work) const;
  void learn(const StepWork& work, double seconds);
  Coefficients coefficients() const;

 private:
  static constexpr int kSize = 4;
  using Vector = std::array<double, kSize>;
  Vector features(const StepWork& work) const;

  Vector guess_;
  Vector factor_;  // of the guess
  std::array<Vector, kSize> covariance_{};
};

}  // namespace estoc
