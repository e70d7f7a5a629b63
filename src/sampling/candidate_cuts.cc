#include "sampling/candidate_cuts.h"

#include <algorithm>
#include <cmath>

#include "sampling/exp.h"

namespace estoc {
namespace {

constexpr float kWeightlessBelow = 88.0f;  // exp_nonpositive(-88) is 0

double weight_of(const Candidate& candidate, float max, float scale) {
  return static_cast<double>(exp_nonpositive((candidate.logit - max) * scale));
}

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
    if (cuts_mass) keep_mass(top_p * mass_of(max, scale), max, scale);
  } else if (cuts_mass) {
    const double mass = top_p * tiles.exp_sums(bound, scale, sums_);
    // Most rows have nearly all their mass close to the maximum: look there first, further only when it is not enough.
    for (float width = 4;; width *= 2) {
      tiles.gather(std::max(bound, max - width * params.temperature), kept_);
      if (mass_of(max, scale) >= mass || width > kWeightlessBelow) break;
    }
    keep_mass(mass, max, scale);
  } else {
    tiles.gather(bound, kept_);
  }
  return kept_;
}

// Weighted quickselect: linear in the candidates on average, and no sort.
void CandidateCuts::keep_mass(double mass, float max, float scale) {
  scratch_ = kept_;
  size_t begin = 0;
  size_t end = scratch_.size();
  double before = 0;
  const auto at = [this](size_t i) { return scratch_.begin() + static_cast<ptrdiff_t>(i); };
  while (end - begin > 1) {
    const size_t middle = begin + (end - begin) / 2;
    std::nth_element(at(begin), at(middle), at(end), is_likelier);
    double half = 0;
    for (size_t i = begin; i < middle; ++i) half += weight_of(scratch_[i], max, scale);
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

double CandidateCuts::mass_of(float max, float scale) const {
  double sum = 0;
  for (const Candidate& candidate : kept_) sum += weight_of(candidate, max, scale);
  return sum;
}

}  // namespace estoc
