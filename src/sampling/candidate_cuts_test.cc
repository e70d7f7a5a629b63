// The cuts against a plain implementation that sorts the whole row.
#include "sampling/candidate_cuts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "sampling/exp.h"

namespace estoc {
namespace {

std::vector<TokenId> reference_cuts(const SamplingParams& params, const std::vector<float>& logits) {
  std::vector<Candidate> all;
  float max = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!(logits[i] >= LogitTiles::kLowest)) continue;
    all.push_back({.logit = logits[i], .token = static_cast<TokenId>(i)});
    max = std::max(max, logits[i]);
  }
  std::sort(all.begin(), all.end(), is_likelier);
  const float temperature = params.temperature;
  if (params.min_p > 0) {
    std::erase_if(all, [&](const Candidate& c) { return c.logit < max + temperature * std::log(params.min_p); });
  }
  if (params.top_k > 0 && all.size() > static_cast<size_t>(params.top_k)) all.resize(params.top_k);
  if (params.top_p < 1) {
    std::vector<double> weights;
    double total = 0;
    for (const Candidate& c : all) {
      weights.push_back(std::exp((static_cast<double>(c.logit) - max) / temperature));
      total += weights.back();
    }
    double mass = 0;
    size_t count = 0;
    while (count < all.size() && (count == 0 || mass < params.top_p * total)) mass += weights[count++];
    all.resize(count);
  }
  std::vector<TokenId> tokens;
  for (const Candidate& c : all) tokens.push_back(c.token);
  std::sort(tokens.begin(), tokens.end());
  return tokens;
}

std::vector<TokenId> tokens_of(const std::vector<Candidate>& candidates) {
  std::vector<TokenId> tokens;
  for (const Candidate& c : candidates) tokens.push_back(c.token);
  return tokens;
}

std::vector<float> random_row(std::mt19937& random, size_t vocab) {
  std::normal_distribution<float> normal(0, std::uniform_real_distribution<float>(0.1f, 6)(random));
  std::vector<float> logits(vocab);
  const bool is_coarse = random() % 4 == 0;  // many equal logits
  for (float& x : logits) x = is_coarse ? std::round(normal(random)) : normal(random);
  for (size_t i = random() % 5; i > 0; --i) logits[random() % vocab] = std::nanf("");
  for (size_t i = random() % 5; i > 0; --i) logits[random() % vocab] = -std::numeric_limits<float>::infinity();
  logits[random() % vocab] = 3;
  return logits;
}

TEST(CandidateCuts, KeepsWhatTheFullSortKeeps) {
  std::mt19937 random(11);
  LogitTiles tiles;
  CandidateCuts cuts;
  const size_t vocabs[] = {1, 7, 64, 65, 1000, 5003, 20011};
  const float temperatures[] = {0.05f, 0.5f, 0.8f, 1, 2, 30};
  for (int round = 0; round < 800; ++round) {
    const auto logits = random_row(random, vocabs[random() % std::size(vocabs)]);
    SamplingParams params;
    std::uniform_real_distribution<float> unit(0, 1);
    params.temperature = temperatures[random() % std::size(temperatures)];
    if (random() % 2) params.top_k = 1 + static_cast<int>(random() % (random() % 2 ? 50 : 6000));
    // Shares that no run of equal weights hits exactly, where rounding would decide.
    if (random() % 2) params.top_p = unit(random);
    if (random() % 3 == 0) params.min_p = unit(random) * unit(random) * unit(random);
    tiles.scan(logits);
    ASSERT_EQ(tokens_of(cuts.apply(params, tiles)), reference_cuts(params, logits))
        << "round " << round << " vocab " << logits.size() << " temperature " << params.temperature << " top_k "
        << params.top_k << " top_p " << params.top_p << " min_p " << params.min_p;
  }
}

TEST(CandidateCuts, TopPOfZeroKeepsTheLikeliest) {
  const std::vector<float> logits = {1, 3, 3, 2};
  LogitTiles tiles;
  CandidateCuts cuts;
  SamplingParams params;
  params.top_p = 0;
  tiles.scan(logits);
  EXPECT_EQ(tokens_of(cuts.apply(params, tiles)), std::vector<TokenId>{1});
}

TEST(CandidateCuts, TopKKeepsExactlyKOfEqualLogits) {
  const std::vector<float> logits(1000, 0.5f);
  LogitTiles tiles;
  CandidateCuts cuts;
  SamplingParams params;
  params.top_k = 3;
  tiles.scan(logits);
  EXPECT_EQ(tokens_of(cuts.apply(params, tiles)), (std::vector<TokenId>{0, 1, 2}));
}

TEST(Exp, IsWithinItsBoundOfTheExactValue) {
  for (float x = 0; x > -87; x -= 0.0137f) {
    const double exact = std::exp(static_cast<double>(x));
    ASSERT_NEAR(exp_nonpositive(x) / exact, 1, 2e-7) << x;
  }
  EXPECT_EQ(exp_nonpositive(0), 1);
  EXPECT_EQ(exp_nonpositive(-88), 0);
  EXPECT_EQ(exp_nonpositive(-std::numeric_limits<float>::infinity()), 0);
  EXPECT_EQ(exp_nonpositive(std::nanf("")), 0);
}

}  // namespace
}  // namespace estoc
