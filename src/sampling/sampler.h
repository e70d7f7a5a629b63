// One row of logits to one token.
//
// Order: logit_bias and the mask, penalties (repetition, then frequency and presence), temperature, min_p,
// top_k, top_p, draw. Temperature 0 (below 1e-5) takes the largest logit after the penalties, the smallest id among
// equals. This is vLLM's order; it matters for top_p, which looks only at what min_p and top_k left.
// Determinism: the n-th token of a sequence depends on the row, the parameters, the seed and n; never on the batch.
// Broken logits: NaN counts as -inf; +inf is chosen outright; a row without anything above -inf gives no token.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"
#include "sampling/candidate_cuts.h"
#include "sampling/logit_tiles.h"
#include "sampling/params.h"
#include "sampling/token_counts.h"
#include "sampling/token_mask.h"

namespace estoc {

// What sampling remembers of one sequence. Plain data, one thread.
class SamplerState {
 public:
  // `params` passed validate(); `seed` is params.seed or one that was drawn instead.
  SamplerState(const SamplingParams& params, uint64_t seed, std::span<const TokenId> prompt);

  // Call with every output token, sampled or not.
  void accept(TokenId token);

  const SamplingParams& params() const { return params_; }
  const TokenCounts& counts() const { return counts_; }
  uint64_t seed() const { return seed_; }
  uint64_t output_count() const { return output_count_; }

 private:
  SamplingParams params_;
  uint64_t seed_;
  uint64_t output_count_ = 0;
  TokenCounts counts_;  // kept only when there are penalties
};

// The work space of sampling; one thread at a time, any number of sequences.
class Sampler {
 public:
  // The next token, or nothing when no token is possible. Does not change logits [vocab] or the state.
  // A mask is of the row's vocabulary; null allows all. With `ahead`, what would be chosen had these been accepted.
  std::optional<TokenId> sample(const SamplerState& state, std::span<const float> logits,
                                const TokenMask* mask = nullptr, std::span<const TokenId> ahead = {});

 private:
  TokenId draw_from_all(double unit, float scale);
  TokenId draw_from(const std::vector<Candidate>& candidates, double unit);

  LogitTiles tiles_;
  CandidateCuts cuts_;
  std::vector<float> row_;  // the edited logits, when there is something to edit
  std::vector<float> weights_;
};

}  // namespace estoc
