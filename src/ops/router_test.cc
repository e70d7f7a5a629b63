// Every rule against one that is written as the definition reads: sort, mask, divide, in double precision.
#include "ops/router.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "kernels/kernels.h"

namespace estoc {
namespace {

using Score = RouterRule::Score;

struct Choice {
  std::vector<size_t> experts;
  std::vector<double> weights;
};

std::vector<size_t> sorted_by(const std::vector<double>& scores) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  return order;
}

std::vector<double> softmax_of(const std::vector<double>& logits) {
  std::vector<double> result;
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit);
  for (const double logit : logits) result.push_back(std::exp(logit) / sum);
  return result;
}

Choice reference(const RouterRule& rule, const std::vector<float>& correction, const std::vector<double>& logits) {
  std::vector<double> scores = logits;
  if (rule.score == Score::softmax) scores = softmax_of(logits);
  if (rule.score == Score::sigmoid) {
    for (double& score : scores) score = 1 / (1 + std::exp(-score));
  }
  std::vector<double> choosing = scores;
  for (size_t e = 0; e < correction.size(); ++e) choosing[e] += static_cast<double>(correction[e]);
  const size_t groups = static_cast<size_t>(rule.groups), size = choosing.size() / groups;
  std::vector<double> goodness;
  for (size_t g = 0; g < groups; ++g) {
    std::vector<double> group(choosing.begin() + static_cast<ptrdiff_t>(g * size),
                              choosing.begin() + static_cast<ptrdiff_t>((g + 1) * size));
    std::ranges::sort(group, std::greater<>());
    goodness.push_back(rule.group_best == 2 ? group[0] + group[1] : group[0]);
  }
  const std::vector<size_t> best_groups = sorted_by(goodness);
  for (size_t i = static_cast<size_t>(rule.groups_kept); i < groups; ++i) {
    for (size_t e = 0; e < size; ++e) choosing[best_groups[i] * size + e] = -1e30;
  }
  Choice choice;
  choice.experts = sorted_by(choosing);
  choice.experts.resize(static_cast<size_t>(rule.chosen));
  for (const size_t expert : choice.experts) choice.weights.push_back(scores[expert]);
  if (rule.score == Score::softmax_of_chosen) choice.weights = softmax_of(choice.weights);
  const double sum = std::accumulate(choice.weights.begin(), choice.weights.end(), 0.0);
  for (double& weight : choice.weights) {
    if (rule.is_normalized) weight /= sum + static_cast<double>(rule.epsilon);
    weight *= static_cast<double>(rule.scale);
  }
  return choice;
}

TEST(Router, EveryRuleIsItsDefinition) {
  std::vector<float> correction(24);
  for (size_t e = 0; e < correction.size(); ++e) correction[e] = 0.4f * std::sin(static_cast<float>(e * e));
  const std::pair<RouterRule, std::vector<float>> rules[] = {
      {{.score = Score::softmax, .experts = 24, .chosen = 4}, {}},
      {{.score = Score::softmax, .experts = 24, .chosen = 4, .is_normalized = true, .scale = 2.5f}, {}},
      {{.score = Score::softmax, .experts = 24, .chosen = 4, .is_normalized = true}, correction},
      {{.score = Score::softmax, .experts = 24, .chosen = 5, .groups = 6, .groups_kept = 2, .scale = 16}, {}},
      {{.score = Score::softmax_of_chosen, .experts = 24, .chosen = 4}, {}},
      {{.score = Score::sigmoid, .experts = 24, .chosen = 4, .is_normalized = true, .epsilon = 1e-6f}, correction},
      {{.score = Score::softmax, .experts = 24, .chosen = 5, .groups = 6, .groups_kept = 2, .group_best = 2}, {}},
      {{.score = Score::sigmoid,
        .experts = 24,
        .chosen = 6,
        .groups = 4,
        .groups_kept = 2,
        .group_best = 2,
        .scale = 1.8f},
       correction},
      {{.score = Score::sigmoid, .experts = 24, .chosen = 24, .is_normalized = true, .epsilon = 1e-20f}, {}},
      {{.score = Score::softmax, .experts = 24, .chosen = 1, .is_normalized = true}, {}},
  };
  std::mt19937 random(1);
  std::normal_distribution<float> draw(0, 2);
  for (const int threads : {1, 3}) {
    ThreadTeam team(threads);
    const Compute compute{team, kernels::table()};
    for (const auto& [rule, bias] : rules) {
      for (const int64_t rows : {1, 7, 400}) {
        Rows logits(rows, 24);
        logits.reset(rows);
        std::vector<std::vector<double>> exact(static_cast<size_t>(rows));
        for (int64_t r = 0; r < rows; ++r) {
          for (int64_t e = 0; e < 24; ++e) {
            exact[static_cast<size_t>(r)].push_back(static_cast<double>(logits.row(r)[e] = draw(random)));
          }
        }
        Routes routes(rows, rule.chosen);
        route(compute, rule, bias, logits, routes);
        for (int64_t r = 0; r < rows; ++r) {
          const Choice expected = reference(rule, bias, exact[static_cast<size_t>(r)]);
          for (size_t i = 0; i < expected.experts.size(); ++i) {
            ASSERT_EQ(routes.experts(r)[i], static_cast<int32_t>(expected.experts[i])) << "row " << r;
            ASSERT_NEAR(static_cast<double>(routes.weights(r)[i]), expected.weights[i], 2e-6 * rule.scale);
          }
        }
      }
    }
  }
}

TEST(Router, EqualScoresGoToTheLowerIndex) {
  ThreadTeam team(1);
  const Compute compute{team, kernels::table()};
  Rows logits(1, 8);
  for (const Score score : {Score::softmax, Score::softmax_of_chosen, Score::sigmoid}) {
    logits.reset(1);
    for (int64_t e = 0; e < 8; ++e) logits.row(0)[e] = e == 6 ? 2.0f : e % 2 == 1 ? 1.0f : 0.0f;
    Routes routes(1, 4);
    route(compute, {.score = score, .experts = 8, .chosen = 4}, {}, logits, routes);
    const auto experts = routes.experts(0);
    EXPECT_EQ(std::vector<int32_t>(experts.begin(), experts.end()), (std::vector<int32_t>{6, 1, 3, 5}));
  }
}

// What is no number must not lead outside the list of experts.
TEST(Router, NotANumberChoosesExpertsThatExist) {
  ThreadTeam team(1);
  const Compute compute{team, kernels::table()};
  Rows logits(1, 8);
  logits.reset(1);
  for (int64_t e = 0; e < 8; ++e) logits.row(0)[e] = e % 3 == 0 ? NAN : 1.0f;
  Routes routes(1, 3);
  route(compute, {.score = Score::sigmoid, .experts = 8, .chosen = 3, .groups = 2, .groups_kept = 1}, {}, logits,
        routes);
  std::vector<int32_t> experts(routes.experts(0).begin(), routes.experts(0).end());
  std::ranges::sort(experts);
  EXPECT_EQ(std::ranges::adjacent_find(experts), experts.end());
  EXPECT_GE(experts.front(), 0);
  EXPECT_LT(experts.back(), 8);
}

}  // namespace
}  // namespace estoc
