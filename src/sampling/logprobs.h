// Log-probabilities of one position, of the model's raw distribution (before bias, penalties, temperature and cuts).
#pragma once

#include <vector>

#include "base/ids.h"
#include "sampling/logit_tiles.h"

namespace estoc {

struct TokenLogprob {
  TokenId token = 0;
  float logprob = 0;
};

struct Logprobs {
  float chosen = 0;               // -inf when the logit was -inf or NaN
  int rank = 0;                   // 1 is the likeliest
  std::vector<TokenLogprob> top;  // likeliest first; fewer than asked when fewer logits are finite
};

inline constexpr int kTopLogprobsMax = 20;

// One thread; owns its work space. Errors: none.
class LogprobReader {
 public:
  // Log-softmax of `chosen` and of the `top_count` likeliest tokens. `chosen` is an index into logits.
  Logprobs read(std::span<const float> logits, TokenId chosen, int top_count);

 private:
  LogitTiles tiles_;
  std::vector<Candidate> candidates_;
  std::vector<float> sums_;
};

}  // namespace estoc
