#include "sampling/sampler.h"

#include <cmath>
#include <limits>

#include "base/check.h"
#include "sampling/allowed_logits.h"
#include "sampling/counter_rng.h"
#include "sampling/exp.h"

namespace estoc {
namespace {

bool is_edited(const SamplerState& state, const TokenMask* mask) {
  return mask != nullptr || !state.params().logit_bias.empty() || has_penalties(state.params());
}

// What a mask has taken away stays so.
void edit(const SamplerState& state, std::span<const TokenId> ahead, std::span<float> logits) {
  const auto is_inside = [&](TokenId token) { return token >= 0 && static_cast<size_t>(token) < logits.size(); };
  for (const auto& [token, bias] : state.params().logit_bias) {
    if (is_inside(token)) logits[static_cast<size_t>(token)] += bias;
  }
  if (!has_penalties(state.params())) return;
  if (ahead.empty()) return state.counts().apply(state.params(), logits);
  TokenCounts counts = state.counts();
  for (const TokenId token : ahead) counts.add_output(token);
  counts.apply(state.params(), logits);
}

// The index where the running sum of weights first exceeds `target`; the last one with a weight when rounding leaves
// the target above the sum.
size_t pick(std::span<const float> weights, double& target) {
  size_t picked = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (!(weights[i] > 0)) continue;
    picked = i;
    if (target < static_cast<double>(weights[i])) break;
    target -= static_cast<double>(weights[i]);
  }
  return picked;
}

}  // namespace

SamplerState::SamplerState(const SamplingParams& params, uint64_t seed, std::span<const TokenId> prompt)
    : params_(params), seed_(seed) {
  if (params_.repetition_penalty != 1) counts_.add_prompt(prompt);
}

void SamplerState::accept(TokenId token) {
  ++output_count_;
  if (has_penalties(params_)) counts_.add_output(token);
}

std::optional<TokenId> Sampler::sample(const SamplerState& state, std::span<const float> logits, const TokenMask* mask,
                                       std::span<const TokenId> ahead) {
  ESTOC_DCHECK(mask == nullptr || mask->vocab() == logits.size());
  const SamplingParams& params = state.params();
  if (is_edited(state, mask)) {
    if (mask != nullptr) {
      copy_allowed(logits, *mask, row_);
    } else {
      row_.assign(logits.begin(), logits.end());
    }
    edit(state, ahead, row_);
    logits = row_;
  }
  tiles_.scan(logits);
  if (tiles_.max() == -std::numeric_limits<float>::infinity()) return std::nullopt;
  if (params.temperature < kGreedyBelow || !std::isfinite(tiles_.max())) return tiles_.argmax();

  const float scale = 1 / params.temperature;
  const double unit = random_unit(state.seed(), state.output_count() + ahead.size());
  if (keeps_everything(params, logits.size())) return draw_from_all(unit, scale);
  return draw_from(cuts_.apply(params, tiles_), unit);
}

TokenId Sampler::draw_from_all(double unit, float scale) {
  double target = unit * tiles_.exp_sums(LogitTiles::kLowest, scale, weights_);
  const size_t begin = pick(weights_, target) * LogitTiles::kTile;
  const auto logits = tiles_.logits().subspan(begin);
  float weights[LogitTiles::kTile] = {};
  for (size_t i = 0; i < LogitTiles::kTile && i < logits.size(); ++i) {
    weights[i] = exp_nonpositive((logits[i] - tiles_.max()) * scale);  // 0 for -inf and NaN
  }
  return static_cast<TokenId>(begin + pick(weights, target));
}

TokenId Sampler::draw_from(const std::vector<Candidate>& candidates, double unit) {
  weights_.clear();
  double total = 0;
  for (const Candidate& candidate : candidates) {
    weights_.push_back(candidate.weight);
    total += static_cast<double>(weights_.back());
  }
  double target = unit * total;
  return candidates[pick(weights_, target)].token;
}

}  // namespace estoc
