// Which tokens may be drawn: the cuts min_p, top_k and top_p, by thresholds instead of a sort.
//
// Order (that of vLLM): temperature, min_p, top_k, top_p; each looks at what the one before left.
//   min_p  keeps x with p(x) >= min_p * p(max), which is x >= max + temperature * ln(min_p)
//   top_k  keeps exactly the k likeliest; equal logits by ascending id
//   top_p  keeps the fewest likeliest tokens whose share of the remaining mass reaches top_p; at least one
// Threads: one thread; owns its work space. Errors: none.
#pragma once

#include <vector>

#include "sampling/logit_tiles.h"
#include "sampling/params.h"

namespace estoc {

// True when the parameters leave every token of a vocabulary of that size in.
bool keeps_everything(const SamplingParams& params, size_t vocab);

class CandidateCuts {
 public:
  // The tokens that remain, by ascending id. REQUIRES a scanned row with a finite maximum, temperature > 0.
  const std::vector<Candidate>& apply(const SamplingParams& params, LogitTiles& tiles);

 private:
  // Raises the cutoff to the likeliest candidates that weigh at least `mass` together, and drops the rest.
  void keep_mass(double mass, float max, float scale);
  void keep_count(size_t count);
  void drop_below(const Candidate& last);
  double mass_of(float max, float scale) const;

  std::vector<Candidate> kept_;     // by ascending id
  std::vector<Candidate> scratch_;  // the same in partial order of likelihood
  std::vector<float> sums_;
};

}  // namespace estoc
