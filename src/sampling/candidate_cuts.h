// Which tokens may be drawn: the cuts min_p, top_k and top_p, by thresholds instead of a sort.
//
// Order (that of vLLM): temperature, min_p, top_k, top_p; each looks at what the one before left.
//   min_p  keeps x with p(x) >= min_p * p(max), which is x >= max + temperature * ln(min_p)
//   top_k  keeps exactly the k likeliest; equal logits by ascending id
//   top_p  keeps the fewest likeliest tokens whose share of the remaining mass reaches top_p; at least one
// Threads: one thread; owns its work space. Errors: none.
#pragma once

#include <limits>
#include <vector>

#include "sampling/logit_tiles.h"
#include "sampling/params.h"

namespace estoc {

// True when the parameters leave every token of a vocabulary of that size in.
bool keeps_everything(const SamplingParams& params, size_t vocab);

class CandidateCuts {
 public:
  // The tokens that remain, by ascending id, each with its weight exp((logit - max) / temperature). REQUIRES a scanned
  // row with a finite maximum, temperature > 0.
  const std::vector<Candidate>& apply(const SamplingParams& params, LogitTiles& tiles);

 private:
  // Weighs what is kept; returns the sum.
  double weigh(float max, float scale);
  // Where top_p cuts: the logits >= high weigh less than `mass`, those >= low at least as much.
  struct MassBracket {
    float low = 0, high = std::numeric_limits<float>::infinity();
    double mass_above = 0;  // of the logits >= high
  };
  MassBracket find_bracket(const LogitTiles& tiles, float bound, float scale, double mass);
  // Keep the fewest likeliest candidates that weigh `mass` together; those from `high` on weigh `mass_above` and stay.
  void keep_mass(double mass, float high, double mass_above);
  // Keep the `count` likeliest.
  void keep_count(size_t count);
  void drop_below(const Candidate& last);

  std::vector<Candidate> kept_;     // by ascending id
  std::vector<Candidate> scratch_;  // the same in partial order of likelihood
  std::vector<float> weights_;
};

}  // namespace estoc
