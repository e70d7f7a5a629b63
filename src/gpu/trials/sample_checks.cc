#include "gpu/trials/sample_checks.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "gpu/source/sample.h"
#include "gpu/trials/sample_row.h"
#include "gpu/trials/trial.h"
#include "sampling/candidate_cuts.h"
#include "sampling/counter_rng.h"
#include "sampling/sampler.h"

namespace estoc::gpu {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr double kBorder = 2e-5;

SamplerState state_at(const SamplingParams& params, const SampleRow& row) {
  SamplerState state(params, row.seed, {});
  for (uint64_t i = 0; i < row.position; ++i) state.accept(0);
  return state;
}

// Whether `token` is drawn by some number that differs by kBorder at most from the row's.
bool is_near(const SamplingParams& params, const SampleRow& row, const std::vector<float>& logits, uint32_t token) {
  if (row.scale == 0) return false;
  LogitTiles tiles;
  tiles.scan(logits);
  if (!std::isfinite(tiles.max())) return false;
  CandidateCuts cuts;
  double total = 0, before = -1, weight = 0;
  for (const Candidate& candidate : cuts.apply(params, tiles)) {
    if (candidate.token == static_cast<TokenId>(token)) {
      before = total;
      weight = candidate.weight;
    }
    total += static_cast<double>(candidate.weight);
  }
  const double target = random_unit(row.seed, row.position) * total, slack = kBorder * total;
  return before >= 0 && target >= before - slack && target <= before + weight + slack;
}

}  // namespace

std::vector<float> draw_logits(Random& random, LogitSpread spread, int columns) {
  const float deviation = spread == LogitSpread::text ? 2.2f : 0.3f + static_cast<float>(random() % 60) * 0.1f;
  std::vector<float> logits = draw_floats(random, columns, deviation);
  const auto any = [&]() -> float& { return logits[random() % columns]; };
  if (spread == LogitSpread::text) {
    for (int i = 0; i < 40; ++i) any() = 10 + 3 * draw_normal(random);
    for (int i = 0; i < 20; ++i) any() = -1e9f;  // tokens that somebody has forbidden
  }
  if (spread == LogitSpread::coarse) {
    for (float& x : logits) x = std::round(x);
  }
  if (spread == LogitSpread::equal) logits.assign(columns, 0.5f);
  if (spread == LogitSpread::single || spread == LogitSpread::none) logits.assign(columns, -kInfinity);
  if (spread == LogitSpread::single) any() = -3;
  if (spread == LogitSpread::infinite) any() = any() = kInfinity;
  for (int i = 0; i < columns / 400 && spread != LogitSpread::equal; ++i) {
    float& x = any();
    if (std::isfinite(x) && spread != LogitSpread::single) x = random() % 2 != 0 ? NAN : -kInfinity;
  }
  return logits;
}

SamplingParams draw_sampling(Random& random) {
  constexpr float kTemperatures[] = {0, 0.05f, 0.5f, 0.8f, 1, 2, 30};
  const auto unit = [&] { return static_cast<float>(random() >> 40) * 0x1p-24f; };
  SamplingParams params;
  params.temperature = kTemperatures[random() % std::size(kTemperatures)];
  if (random() % 2 != 0)
    params.top_k = random() % 4 == 0 ? 1 : 1 + static_cast<int>(random() % (random() % 2 ? 60 : 6000));
  if (random() % 2 != 0) params.top_p = random() % 6 == 0 ? 1e-9f : unit();
  if (random() % 3 == 0) params.min_p = random() % 6 == 0 ? 1 : unit() * unit() * unit();
  return params;
}

namespace {

class SampleTrial {
 public:
  SampleTrial(const Device& device, const Module& module, const SampleCase& c, Random& random);
  void launch(int);
  Check check();

 private:
  std::vector<float> row(size_t i) const {
    const auto begin = logits_.begin() + static_cast<ptrdiff_t>(i) * c_.columns;
    return {begin, begin + c_.columns};
  }

  const Device& device_;
  const SampleCase c_;
  const Handle tiles_kernel_, rows_kernel_;
  std::vector<float> logits_;
  std::vector<SampleRow> rows_;  // one more than the case has, which is skipped
  std::optional<Buffer> x_, parameters_, tiles_, tokens_;
};

SampleTrial::SampleTrial(const Device& device, const Module& module, const SampleCase& c, Random& random)
    : device_(device),
      c_(c),
      tiles_kernel_(module.function("sample_tiles")),
      rows_kernel_(module.function("sample_rows")) {
  for (size_t i = 0; i < c.params.size(); ++i) {
    const auto drawn = draw_logits(random, c.spreads[i], c.columns);
    logits_.insert(logits_.end(), drawn.begin(), drawn.end());
    rows_.push_back(sample_row_of(c.params[i], random(), random() % 100));
  }
  rows_.push_back(SampleRow{.is_skipped = 1});
  logits_.insert(logits_.end(), c.columns, 1.0f);
  x_.emplace(Buffer::of(device, logits_));
  parameters_.emplace(Buffer::of(device, rows_));
  tiles_.emplace(device, rows_.size() * sample_tile_count(c.columns) * sizeof(SampleTile));
  tokens_.emplace(device, rows_.size() * 4);
}

void SampleTrial::launch(int) {
  const SampleArguments a{x_->as<float>(), parameters_->as<SampleRow>(), tiles_->as<SampleTile>(), tokens_->as<u32>(),
                          c_.columns};
  const int count = static_cast<int>(rows_.size());
  gpu::launch(device_, tiles_kernel_,
              {.blocks = sample_tiles_blocks(c_.columns), .blocks_y = count, .threads = kSampleTilesThreads}, a);
  gpu::launch(device_, rows_kernel_, {.blocks = count, .threads = kSampleThreads}, a);
}

Check SampleTrial::check() {
  tiles_->fill(kPoison);
  tokens_->fill(kPoison);
  launch(0);
  const auto drawn = tokens_->values<uint32_t>();
  Sampler sampler;
  int wrong = drawn.back() == kPoison ? 0 : 1, near = 0;
  for (size_t i = 0; i < c_.params.size(); ++i) {
    const std::vector<float> logits = row(i);
    const auto expected = sampler.sample(state_at(c_.params[i], rows_[i]), logits);
    if (drawn[i] == (expected ? static_cast<uint32_t>(*expected) : kNoToken)) continue;
    is_near(c_.params[i], rows_[i], logits, drawn[i]) ? ++near : ++wrong;
  }
  wrong += near > 1 + static_cast<int>(rows_.size()) / 20 ? 1 : 0;
  return {"sample " + std::to_string(rows_.size()) + " x " + std::to_string(c_.columns) + ", " + std::to_string(near) +
              " on a border",
          static_cast<double>(wrong), 0};
}

}  // namespace

Trial sample_trial(const Device& device, const Module& module, const SampleCase& c, Random& random) {
  return trial_of(std::make_shared<SampleTrial>(device, module, c, random),
                  {.bytes = 4.0 * c.columns * static_cast<double>(c.params.size())});
}

Check check_sample(const Device& device, const Module& module, int columns, int each, Random& random) {
  SampleCase c{columns, {}, {}};
  for (int i = 0; i < kLogitSpreads * each; ++i) {
    c.spreads.push_back(static_cast<LogitSpread>(i % kLogitSpreads));
    c.params.push_back(draw_sampling(random));
  }
  return sample_trial(device, module, c, random).check();
}

}  // namespace estoc::gpu
