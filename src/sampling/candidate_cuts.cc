#include "sampling/candidate_cuts.h"

#include <algorithm>
#include <cmath>

#include "sampling/exp.h"

namespace estoc {
namespace {

constexpr float kWeightlessBelow = 88.0f;  // exp_nonpositive(-88) is 0

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
    if (cuts_mass) keep_mass(top_p * sum);
  } else if (cuts_mass) {
    const double mass = top_p * tiles.exp_sums(bound, scale, weights_);
    // Most rows have nearly all their mass close to the maximum: look there first, further only when it is not enough.
    for (float width = 4;; width *= 2) {
      tiles.gather(std::max(bound, max - width * params.temperature), kept_);
      if (weigh(max, scale) >= mass || width > kWeightlessBelow) break;
    }
    keep_mass(mass);
  } else {
    tiles.gather(bound, kept_);
    weigh(max, scale);
  }
  return kept_;
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
void CandidateCuts::keep_mass(double mass) {
  scratch_ = kept_;
  size_t begin = 0;
  size_t end = scratch_.size();
  double before = 0;
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
