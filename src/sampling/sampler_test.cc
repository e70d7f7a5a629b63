#include "sampling/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "sampling/counter_rng.h"

namespace estoc {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> normal_row(uint32_t seed, size_t vocab, float deviation) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, deviation);
  std::vector<float> logits(vocab);
  for (float& x : logits) x = normal(random);
  return logits;
}

TEST(Sampler, GreedyTakesTheLargestLogitWithTheSmallestId) {
  Sampler sampler;
  const SamplerState state({.temperature = 0}, 1, {});
  EXPECT_EQ(sampler.sample(state, std::vector<float>{1, 5, 5, 2}), 1);
  auto logits = normal_row(1, 1000, 1);
  logits[777] = 50;
  EXPECT_EQ(sampler.sample(state, logits), 777);
}

// Pearson's statistic of 10000 draws against the exact probabilities of the tokens that the cuts keep. The bound is
// mean + 5 standard deviations of a chi-square variable; the seed is fixed, so the test is deterministic.
void expect_distribution(const SamplingParams& params, const std::vector<float>& logits,
                         const std::vector<double>& probabilities) {
  constexpr int kDraws = 10000;
  Sampler sampler;
  SamplerState state(params, 99, {});
  std::vector<int> counts(logits.size());
  for (int i = 0; i < kDraws; ++i) {
    const auto token = sampler.sample(state, logits);
    ASSERT_TRUE(token.has_value());
    ++counts[static_cast<size_t>(*token)];
    state.accept(*token);
  }
  double statistic = 0;
  double rare_expected = 0;
  double rare_count = 0;
  int cells = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    const double expected = probabilities[i] * kDraws;
    if (expected == 0) {
      ASSERT_EQ(counts[i], 0) << "token " << i << " was cut";
    } else if (expected < 5) {
      rare_expected += expected;
      rare_count += counts[i];
    } else {
      statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
      ++cells;
    }
  }
  if (rare_expected > 0) {
    statistic += (rare_count - rare_expected) * (rare_count - rare_expected) / rare_expected;
    ++cells;
  }
  EXPECT_LT(statistic, (cells - 1) + 5 * std::sqrt(2.0 * (cells - 1)) + 5) << cells << " cells";
}

// Sorts, cuts and normalizes in double: what the documentation of the parameters says.
std::vector<double> reference_probabilities(const SamplingParams& params, const std::vector<float>& logits) {
  std::vector<std::pair<double, size_t>> sorted;
  for (size_t i = 0; i < logits.size(); ++i) sorted.emplace_back(-static_cast<double>(logits[i]), i);
  std::sort(sorted.begin(), sorted.end());
  const double max = -sorted[0].first;
  std::vector<double> weights;
  for (const auto& [negative, i] : sorted) weights.push_back(std::exp((-negative - max) / params.temperature));
  while (weights.back() < params.min_p) weights.pop_back();
  if (params.top_k > 0 && weights.size() > static_cast<size_t>(params.top_k)) weights.resize(params.top_k);
  double total = 0;
  for (const double w : weights) total += w;
  double mass = 0;
  size_t kept = 0;
  while (kept < weights.size() && (kept == 0 || mass < params.top_p * total)) mass += weights[kept++];
  std::vector<double> probabilities(logits.size());
  for (size_t i = 0; i < kept; ++i) probabilities[sorted[i].second] = weights[i] / mass;
  return probabilities;
}

TEST(Sampler, DrawsFromTheDistributionTheParametersDescribe) {
  const auto logits = normal_row(5, 150, 2);
  for (const SamplingParams& params :
       {SamplingParams{}, SamplingParams{.temperature = 0.5f}, SamplingParams{.temperature = 3},
        SamplingParams{.top_k = 10}, SamplingParams{.top_p = 0.7f}, SamplingParams{.min_p = 0.1f},
        SamplingParams{.temperature = 0.8f, .top_k = 40, .top_p = 0.95f},
        SamplingParams{.temperature = 1.5f, .top_k = 100, .top_p = 0.9f, .min_p = 0.02f}}) {
    expect_distribution(params, logits, reference_probabilities(params, logits));
  }
}

TEST(Sampler, TheSameSeedGivesTheSameTokensWhateverElseTheSamplerDoes) {
  const SamplingParams params{.temperature = 1, .top_p = 0.9f};
  const auto run = [&](uint64_t seed, bool is_disturbed) {
    Sampler sampler;
    SamplerState state(params, seed, {});
    SamplerState other({.top_k = 5}, 4711, {});
    std::vector<TokenId> tokens;
    for (uint32_t i = 0; i < 50; ++i) {
      if (is_disturbed) other.accept(*sampler.sample(other, normal_row(1000 + i, 123, 1)));
      tokens.push_back(*sampler.sample(state, normal_row(i, 500, 1)));
      state.accept(tokens.back());
    }
    return tokens;
  };
  EXPECT_EQ(run(1, false), run(1, true));
  EXPECT_NE(run(1, false), run(2, false));
}

TEST(Sampler, PenaltiesAndBiasHaveTheirHandComputedValues) {
  TokenCounts counts;
  counts.add_prompt(std::vector<TokenId>{0, 1, 1, 77});
  counts.add_output(1);
  counts.add_output(1);
  counts.add_output(2);
  counts.add_output(4);
  std::vector<float> logits = {4, 4, -4, 4, 0.5f};
  counts.apply({.repetition_penalty = 2, .presence_penalty = 0.5f, .frequency_penalty = 0.25f}, logits);
  EXPECT_EQ(logits, (std::vector<float>{2, 2 - 0.5f - 0.5f, -8 - 0.5f - 0.25f, 4, 0.25f - 0.5f - 0.25f}));

  Sampler sampler;
  const std::vector<float> row = {1, 2, 3, 2.5f};
  EXPECT_EQ(sampler.sample(SamplerState({.temperature = 0, .logit_bias = {{0, 5.0f}}}, 1, {}), row), 0);
  SamplerState repeats({.temperature = 0, .repetition_penalty = 1.5f}, 1, std::vector<TokenId>{2});
  EXPECT_EQ(sampler.sample(repeats, row), 3);
  SamplerState present({.temperature = 0, .presence_penalty = 0.6f}, 1, std::vector<TokenId>{2});
  EXPECT_EQ(sampler.sample(present, row), 2);  // the prompt does not count
  present.accept(2);
  EXPECT_EQ(sampler.sample(present, row), 3);
}

TEST(Sampler, ForbiddenTokensAreNotChosen) {
  Sampler sampler;
  const std::vector<float> row = {1, 2, 3, 2.5f};
  TokenMask mask;
  mask.reset(row.size());
  for (const TokenId token : {2, -5, 400}) mask.forbid(token);
  EXPECT_EQ(sampler.sample(SamplerState({.temperature = 0}, 1, {}), row, &mask), 3);
  SamplerState state({}, 3, {});
  for (int i = 0; i < 200; ++i) {
    const auto token = sampler.sample(state, row, &mask);
    ASSERT_NE(token, 2);
    state.accept(*token);
  }
}

TEST(Sampler, BrokenLogitsNeverCrash) {
  Sampler sampler;
  const float nan = std::nanf("");
  for (const SamplingParams& params :
       {SamplingParams{.temperature = 0}, SamplingParams{}, SamplingParams{.top_k = 2}, SamplingParams{.top_p = 0.5f},
        SamplingParams{.min_p = 0.5f}, SamplingParams{.temperature = 3e38f, .top_p = 0.5f, .min_p = 0.1f},
        SamplingParams{.temperature = 2e-5f, .top_p = 0.5f}}) {
    const SamplerState state(params, 5, {});
    EXPECT_EQ(sampler.sample(state, std::vector<float>(100, nan)), std::nullopt);
    EXPECT_EQ(sampler.sample(state, std::vector<float>(100, -kInfinity)), std::nullopt);
    EXPECT_EQ(sampler.sample(state, std::vector<float>{nan, -kInfinity, 1, nan}), 2);
    EXPECT_EQ(sampler.sample(state, std::vector<float>{nan, kInfinity, 1, nan}), 1);
    const auto extreme = sampler.sample(state, std::vector<float>{nan, -3e38f, 3e38f});
    EXPECT_TRUE(extreme == 1 || extreme == 2);
    EXPECT_TRUE(sampler.sample(state, std::vector<float>(1, 0.0f)).has_value());
  }
}

TEST(CounterRng, IsUniformAndItsSeedsDiffer) {
  double sum = 0;
  for (uint64_t n = 0; n < 100000; ++n) {
    const double unit = random_unit(12, n);
    ASSERT_TRUE(unit >= 0 && unit < 1);
    sum += unit;
  }
  EXPECT_NEAR(sum / 100000, 0.5, 0.005);
  std::set<uint64_t> seen;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    for (uint64_t n = 0; n < 100; ++n) seen.insert(random_bits(seed, n));
  }
  EXPECT_EQ(seen.size(), 10000u);
}

// What is chosen behind guesses is what is chosen once they are accepted.
TEST(Sampler, TokensAheadCountAsAccepted) {
  Sampler sampler;
  for (const SamplingParams& params :
       {SamplingParams{.temperature = 1}, SamplingParams{.temperature = 1, .frequency_penalty = 1.5f},
        SamplingParams{.temperature = 0, .repetition_penalty = 2}}) {
    SamplerState state(params, 7, {});
    state.accept(3);
    const std::vector<TokenId> ahead = {6, 13, 6};  // the two likeliest: penalties make others of them
    std::vector<float> row(20);
    for (size_t i = 0; i < row.size(); ++i) row[i] = static_cast<float>(i % 7);
    const auto guessed = sampler.sample(state, row, nullptr, ahead);
    for (const TokenId token : ahead) state.accept(token);
    EXPECT_EQ(sampler.sample(state, row), guessed);
    if (params.temperature == 0) {
      EXPECT_EQ(guessed, 5);
    }
  }
}

}  // namespace
}  // namespace estoc
