// Finds the large values of a row of logits without sorting it.
//
// What: one pass keeps the maximum of every tile of 64 logits. The k-th largest of those maxima is reached by at least
// k logits, so it is a lower bound of the k-th largest logit; and a tile whose maximum is below a bound need not be
// looked at again. NaN counts as -inf.
// Ownership: borrows the row given to scan, which must stay unchanged until the next scan; owns its tables.
// Threads: one thread. Errors: none.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "base/ids.h"
#include "sampling/logit_loops.h"

namespace estoc {

struct Candidate {
  float logit = 0;
  TokenId token = 0;
  float weight = 0;  // its probability times a constant, where somebody has weighed it
};

// The order of candidates: the larger logit first, the smaller id among equals.
inline bool is_likelier(const Candidate& a, const Candidate& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
}

class LogitTiles {
 public:
  static constexpr size_t kTile = kLogitTile;
  static constexpr float kLowest = std::numeric_limits<float>::lowest();  // the least bound: leaves out -inf and NaN

  void scan(std::span<const float> logits);

  std::span<const float> logits() const { return logits_; }
  float max() const { return max_; }  // -inf when no logit is above -inf
  TokenId argmax() const;             // the smallest id among equals; REQUIRES max() > -inf
  // A bound that at least `count` logits reach, or kLowest when there are too few tiles to tell.
  float bound_of_top(int count);
  // Every logit >= bound, by ascending id. bound >= kLowest.
  void gather(float bound, std::vector<Candidate>& out) const;
  // How many logits are above `value`; NaN never is.
  size_t count_above(float value) const;
  // Sum of exp((x - max) * scale) over all x >= bound; sums[i] is tile i's share. Finite max only.
  double exp_sums(float bound, float scale, std::vector<float>& sums) const;

 private:
  std::span<const float> logits_;
  std::vector<float> maxima_;   // [tiles]
  std::vector<float> scratch_;  // [tiles]
  float max_ = 0;
};

}  // namespace estoc
