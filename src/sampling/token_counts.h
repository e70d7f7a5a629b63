// Which tokens a sequence contains, and what they cost: the repetition, presence and frequency penalties.
//
// What: touches only logits of tokens that occur, never the whole row. Prompt tokens count for the repetition penalty
// only. Ids outside the row are ignored.
// Ownership: plain data of one sequence. Threads: one thread. Errors: none.
#pragma once

#include <span>
#include <unordered_map>

#include "base/ids.h"
#include "sampling/params.h"

namespace estoc {

bool has_penalties(const SamplingParams& params);

class TokenCounts {
 public:
  void add_prompt(std::span<const TokenId> tokens);
  void add_output(TokenId token) { ++output_counts_[token]; }

  // For each token that occurs, in this order:
  //   x = x > 0 ? x / repetition : x * repetition    (Keskar et al. 2019, CTRL)
  //   x -= frequency * count in the output + presence when that count is not 0
  void apply(const SamplingParams& params, std::span<float> logits) const;

 private:
  std::unordered_map<TokenId, int> output_counts_;  // 0: in the prompt only
};

}  // namespace estoc
