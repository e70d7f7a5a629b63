#include "ops/router.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/check.h"
#include "ops/profile.h"

namespace estoc {
namespace {

using Score = RouterRule::Score;

void softmax(std::span<float> values) {
  const float largest = *std::ranges::max_element(values);
  float sum = 0;
  for (float& value : values) sum += value = std::exp(value - largest);
  for (float& value : values) value /= sum;
}

// Indices of the `best.size()` largest scores, largest first; equal ones by the lower index.
void choose_best(std::span<const float> scores, std::span<int32_t> best) {
  size_t count = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    size_t place = count;
    while (place > 0 && scores[i] > scores[static_cast<size_t>(best[place - 1])]) --place;
    if (place == best.size()) continue;
    count = std::min(count + 1, best.size());
    for (size_t moved = count - 1; moved > place; --moved) best[moved] = best[moved - 1];
    best[place] = static_cast<int32_t>(i);
  }
}

// Experts outside the best groups can no longer be chosen.
void keep_best_groups(const RouterRule& rule, std::span<float> scores) {
  const size_t size = scores.size() / static_cast<size_t>(rule.groups);
  std::array<float, kExpertsMax> goodness;
  std::array<int32_t, kExpertsMax> order;
  for (size_t g = 0; g < static_cast<size_t>(rule.groups); ++g) {
    std::array<int32_t, 2> best{};
    const std::span<const float> group = scores.subspan(g * size, size);
    choose_best(group, std::span(best).first(std::min<size_t>(size, 2)));
    goodness[g] = group[static_cast<size_t>(best[0])];
    if (rule.group_best > 1 && size > 1) goodness[g] += group[static_cast<size_t>(best[1])];
  }
  const std::span<int32_t> kept(order.data(), static_cast<size_t>(rule.groups_kept));
  choose_best({goodness.data(), static_cast<size_t>(rule.groups)}, kept);
  for (size_t g = 0; g < static_cast<size_t>(rule.groups); ++g) {
    if (std::ranges::find(kept, static_cast<int32_t>(g)) != kept.end()) continue;
    std::ranges::fill(scores.subspan(g * size, size), -std::numeric_limits<float>::infinity());
  }
}

void route_row(const RouterRule& rule, std::span<const float> correction, std::span<float> scores,
               std::span<int32_t> experts, std::span<float> weights) {
  if (rule.score == Score::softmax) softmax(scores);
  if (rule.score == Score::sigmoid) {
    for (float& score : scores) score = 1 / (1 + std::exp(-score));
  }
  if (correction.empty() && rule.groups == 1) {
    choose_best(scores, experts);
  } else {
    std::array<float, kExpertsMax> memory;
    const std::span<float> choosing(memory.data(), scores.size());
    std::ranges::copy(scores, choosing.begin());
    for (size_t e = 0; e < correction.size(); ++e) choosing[e] += correction[e];
    if (rule.groups > 1) keep_best_groups(rule, choosing);
    choose_best(choosing, experts);
  }
  for (size_t i = 0; i < experts.size(); ++i) weights[i] = scores[static_cast<size_t>(experts[i])];
  if (rule.score == Score::softmax_of_chosen) softmax(weights);
  float factor = rule.scale;
  if (rule.is_normalized) factor /= std::accumulate(weights.begin(), weights.end(), 0.0f) + rule.epsilon;
  for (float& weight : weights) weight *= factor;
}

}  // namespace

Routes::Routes(int64_t rows_max, int chosen_max)
    : experts_(static_cast<size_t>(rows_max * chosen_max)), weights_(static_cast<size_t>(rows_max * chosen_max)) {}

void route(const Compute& compute, const RouterRule& rule, std::span<const float> correction, Rows& logits,
           Routes& routes) {
  ESTOC_DCHECK(rule.group_best <= 2 && rule.experts <= kExpertsMax && rule.experts % rule.groups == 0 &&
               logits.columns() >= rule.experts);
  const ProfileScope scope(compute, "route");
  logits.touch();
  routes.reset(logits.count(), rule.chosen);
  const auto range = [&](int64_t begin, int64_t end, int) {
    for (int64_t r = begin; r < end; ++r) {
      route_row(rule, correction, {logits.row(r), static_cast<size_t>(rule.experts)}, routes.experts(r),
                routes.weights(r));
    }
  };
  if (Compute::is_worth_splitting(logits.count() * rule.experts)) {
    compute.team.parallel_for(logits.count(), 1, range);
  } else {
    range(0, logits.count(), 0);
  }
}

}  // namespace estoc
