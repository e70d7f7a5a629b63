// Which experts each row goes to, and with what weight: rules over the router's logits, all in f32.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ops/compute.h"
#include "ops/rows.h"

namespace estoc {

// Scores of all experts, of which the best are chosen; equal ones by the lower index.
struct RouterRule {
  enum class Score {
    softmax,            // over all experts
    softmax_of_chosen,  // logits choose; weights are the softmax over those that were chosen
    sigmoid,
  };
  Score score = Score::softmax;
  int experts = 0;
  int chosen = 0;  // of a row
  // Experts in so many equal groups, of which only the best `groups_kept` take part. A group is as good as its best
  // `group_best` (up to two) experts together.
  int groups = 1, groups_kept = 1, group_best = 1;
  bool is_normalized = false;  // weights are divided by their sum + epsilon
  float epsilon = 0;
  float scale = 1;  // of the weights in the end
};

// The experts of each row and their weights, [rows][chosen]. Memory for rows_max rows from the start.
class Routes {
 public:
  Routes(int64_t rows_max, int chosen_max);
  void reset(int64_t row_count, int chosen) { rows_ = row_count, chosen_ = chosen; }

  int64_t rows() const { return rows_; }
  int chosen() const { return chosen_; }
  std::span<int32_t> experts(int64_t row) { return {experts_.data() + row * chosen_, static_cast<size_t>(chosen_)}; }
  std::span<float> weights(int64_t row) { return {weights_.data() + row * chosen_, static_cast<size_t>(chosen_)}; }
  std::span<const int32_t> experts(int64_t row) const { return const_cast<Routes*>(this)->experts(row); }
  std::span<const float> weights(int64_t row) const { return const_cast<Routes*>(this)->weights(row); }

 private:
  int64_t rows_ = 0;
  int chosen_ = 0;
  std::vector<int32_t> experts_;
  std::vector<float> weights_;
};

// The most experts a layer may have: a row's scores lie on a thread's stack.
inline constexpr int kExpertsMax = 1024;

// Applies the rule to each row of logits [rows][experts], which become scores. `correction` [experts] or empty: added
// to the scores for choosing, not for weighing.
void route(const Compute& compute, const RouterRule& rule, std::span<const float> correction, Rows& logits,
           Routes& routes);

}  // namespace estoc
