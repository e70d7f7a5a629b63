#include "sampling/logprobs.h"

#include <algorithm>
#include <cmath>

namespace estoc {

Logprobs LogprobReader::read(std::span<const float> logits, TokenId chosen, int top_count) {
  constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();
  Logprobs result;
  tiles_.scan(logits);
  const float max = tiles_.max();
  const float raw = logits[static_cast<size_t>(chosen)];
  const float logit = std::isnan(raw) ? kMinusInfinity : raw;
  result.rank = 1 + static_cast<int>(tiles_.count_above(logit));
  if (!std::isfinite(max)) {  // no distribution to speak of
    result.chosen = kMinusInfinity;
    return result;
  }
  const double log_sum = static_cast<double>(max) + std::log(tiles_.exp_sums(LogitTiles::kLowest, 1, sums_));
  const auto logprob_of = [&](float x) { return static_cast<float>(static_cast<double>(x) - log_sum); };
  result.chosen = logprob_of(logit);
  if (top_count <= 0) return result;

  tiles_.gather(tiles_.bound_of_top(top_count), candidates_);
  const size_t count = std::min(static_cast<size_t>(top_count), candidates_.size());
  const auto end = candidates_.begin() + static_cast<ptrdiff_t>(count);
  std::partial_sort(candidates_.begin(), end, candidates_.end(), is_likelier);
  result.top.reserve(count);
  for (auto it = candidates_.begin(); it != end; ++it) result.top.push_back({it->token, logprob_of(it->logit)});
  return result;
}

}  // namespace estoc
