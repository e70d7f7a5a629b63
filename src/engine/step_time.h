// How long a step will take, learnt while running.
//
// What: time = fixed + per row + per row of logits + per cached position read + per position attended, all costs
// positive. The first guess comes from the model's size; measured times then replace it. Steps of about the same number
// of rows form a class that remembers its last fifty or so, so that an hour of decoding does not make the engine forget
// what prompts cost, and a machine that slows down is followed; the costs are the non-negative least squares of all
// classes. Errors count relative to the measured time: a step that took ten times as long as usual, because somebody
// else used the machine, moves little.
// Ownership: a value. Threads: one thread. Errors: none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/engine_config.h"

namespace estoc {

struct ModelInfo;

// What the time of a step depends on.
struct StepWork {
  int rows = 0;
  int logit_rows = 0;
  int64_t read = 0;      // positions of keys and values, summed over sequences
  int64_t attended = 0;  // positions that rows look at, summed over rows

  // `count` tokens of one sequence from `position` on.
  void add_rows(int position, int count) {
    rows += count;
    read += position + count;
    attended += int64_t{count} * position + int64_t{count} * (count + 1) / 2;
  }
  StepWork& operator+=(const StepWork& other) {
    rows += other.rows;
    logit_rows += other.logit_rows;
    read += other.read;
    attended += other.attended;
    return *this;
  }
};

// Seconds for one of each.
struct StepCosts {
  double step = 0, row = 0, logit_row = 0, read = 0, attended = 0;
};

class StepTimeModel {
 public:
  explicit StepTimeModel(const StepCosts& guess);
  // A guess for a model of this size on such a machine.
  static StepCosts guess_for(const ModelInfo& info, uint64_t kv_bytes_a_position, const MachineGuess& machine = {});

  double predict(const StepWork& work) const;
  void learn(const StepWork& work, double seconds);
  StepCosts costs() const;

 private:
  static constexpr std::size_t kSize = 5;
  using Vector = std::array<double, kSize>;
  // The sums of least squares: features times features, features times 1 (a step's relative time).
  struct Sums {
    std::array<Vector, kSize> squares{};
    Vector targets{};
  };
  Vector features(const StepWork& work) const;
  void solve();

  Vector guess_;
  Vector factor_;  // of the guess
  std::array<Sums, 16> classes_{};
};

}  // namespace estoc
