#include "sampling/candidate_cuts.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sampling/exp.h"

namespace estoc {
namespace {

bool cuts_by_count(const SamplingParams& params, size_t vocab) {
  return params.top_k > 0 && static_cast<size_t>(params.top_k) < vocab;
}

}  // namespace

bool keeps_everything(const SamplingParams& params, size_t vocab) {
  return params.min_p <= 0 && params.top_p >= 1 && !cuts_by_count(params, vocab);
}

const std::vector<Candidate>& CandidateCuts::apply(const SamplingParams& params, LogitTiles& tiles) {
  const float max = tiles.max();
  const float scale = 1 / params.temperature;
  const bool cuts_mass = params.top_p < 1;
  const auto top_p = static_cast<double>(params.top_p);
  float bound = LogitTiles::kLowest;
  if (params.min_p > 0) bound = std::max(bound, max + params.temperature * std::log(params.min_p));
  bound = std::min(bound, max);
  if (cuts_by_count(params, tiles.logits().size())) {
    tiles.gather(std::max(bound, tiles.bound_of_top(params.top_k)), kept_);
    keep_count(static_cast<size_t>(params.top_k));
    const double sum = weigh(max, scale);
    if (cuts_mass) keep_mass(top_p * sum, std::numeric_limits<float>::infinity(), 0);
  } else if (cuts_mass) {
    const double mass = top_p * tiles.exp_sums(bound, scale, weights_);
    const MassBracket bracket = find_bracket(tiles, bound, scale, mass);
    tiles.gather(bracket.low, kept_);
    weigh(max, scale);
    keep_mass(mass, bracket.high, bracket.mass_above);
  } else {
    tiles.gather(bound, kept_);
    weigh(max, scale);
  }
  return kept_;
}

// Sums over whole rows, which are vector code, instead of candidates, which are not. Most rows have nearly all their
// mass close to the maximum: look there first, further when it is not enough; halve what lies between while it is many.
CandidateCuts::MassBracket CandidateCuts::find_bracket(const LogitTiles& tiles, float bound, float scale, double mass) {
  constexpr size_t kFew = 1024;
  MassBracket bracket;
  size_t above_high = 0;
  for (float width = 4;; width *= 2) {
    bracket.low = std::max(bound, tiles.max() - width / scale);
    const double sum = tiles.exp_sums(bracket.low, scale, weights_);
    if (sum >= mass || bracket.low == bound) break;
    bracket.high = bracket.low;
    bracket.mass_above = sum;
    above_high = tiles.count_above(bracket.high);
  }
  for (size_t above_low = tiles.count_above(bracket.low); above_low - above_high > kFew;) {
    const float middle = bracket.low + (std::min(bracket.high, tiles.max()) - bracket.low) / 2;
    if (!(middle > bracket.low && middle < bracket.high)) break;
    const double sum = tiles.exp_sums(middle, scale, weights_);
    const size_t above = tiles.count_above(middle);
    if (sum >= mass) {
      bracket.low = middle;
      above_low = above;
    } else {
      bracket.high = middle;
      bracket.mass_above = sum;
      above_high = above;
    }
  }
  return bracket;
}

double CandidateCuts::weigh(float max, float scale) {
  weights_.resize(kept_.size());
  for (size_t i = 0; i < kept_.size(); ++i) weights_[i] = (kept_[i].logit - max) * scale;
  for (float& weight : weights_) weight = exp_nonpositive(weight);
  double sum = 0;
  for (size_t i = 0; i < kept_.size(); ++i) {
    kept_[i].weight = weights_[i];
    sum += static_cast<double>(weights_[i]);
  }
  return sum;
}

// Weighted quickselect: linear in the candidates on average, and no sort.
void CandidateCuts::keep_mass(double mass, float high, double mass_above) {
  scratch_.clear();
  for (const Candidate& candidate : kept_) {
    if (candidate.logit < high) scratch_.push_back(candidate);
  }
  size_t begin = 0;
  size_t end = scratch_.size();
  double before = mass_above;
  const auto at = [this](size_t i) { return scratch_.begin() + static_cast<ptrdiff_t>(i); };
  while (end - begin > 1) {
    const size_t middle = begin + (end - begin) / 2;
    std::nth_element(at(begin), at(middle), at(end), is_likelier);
    double half = 0;
    for (size_t i = begin; i < middle; ++i) half += static_cast<double>(scratch_[i].weight);
    if (before + half >= mass) {
      end = middle;
    } else {
      before += half;
      begin = middle;
    }
  }
  drop_below(scratch_[begin]);
}

void CandidateCuts::keep_count(size_t count) {
  if (kept_.size() <= count) return;
  scratch_ = kept_;
  const auto last = scratch_.begin() + static_cast<ptrdiff_t>(count - 1);
  std::nth_element(scratch_.begin(), last, scratch_.end(), is_likelier);
  drop_below(*last);
}

void CandidateCuts::drop_below(const Candidate& last) {
  std::erase_if(kept_, [&](const Candidate& candidate) { return is_likelier(last, candidate); });
}

}  // namespace estoc
