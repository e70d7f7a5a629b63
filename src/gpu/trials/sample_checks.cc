#include "gpu/trials/sample_checks.h"

#include <algorithm>
#include <limits>

#include "gpu/source/sample.h"
#include "gpu/trials/sample_row.h"
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

Check check_sample(const Device& device, const Module& module, int columns, int each, Random& random) {
  std::vector<float> logits;
  std::vector<SamplingParams> params;
  std::vector<SampleRow> rows;
  for (int i = 0; i < kLogitSpreads * each; ++i) {
    const auto row = draw_logits(random, static_cast<LogitSpread>(i % kLogitSpreads), columns);
    logits.insert(logits.end(), row.begin(), row.end());
    params.push_back(draw_sampling(random));
    rows.push_back(sample_row_of(params.back(), random(), random() % 100));
  }
  rows.push_back(SampleRow{.is_skipped = 1});
  logits.insert(logits.end(), columns, 1.0f);
  const int count = static_cast<int>(rows.size());
  Buffer x = Buffer::of(device, logits), parameters = Buffer::of(device, rows),
         tiles(device, rows.size() * sample_tile_count(columns) * sizeof(SampleTile)), tokens(device, rows.size() * 4);
  tiles.fill(kPoison);
  tokens.fill(kPoison);
  const SampleArguments a{x.as<float>(), parameters.as<SampleRow>(), tiles.as<SampleTile>(), tokens.as<u32>(), columns};
  launch(device, module.function("sample_tiles"),
         {.blocks = sample_tiles_blocks(columns), .blocks_y = count, .threads = kSampleTilesThreads}, a);
  launch(device, module.function("sample_rows"), {.blocks = count, .threads = kSampleThreads}, a);
  const auto drawn = tokens.values<uint32_t>();
  Sampler sampler;
  int wrong = drawn.back() == kPoison ? 0 : 1, near = 0;
  for (size_t i = 0; i < params.size(); ++i) {
    const std::vector<float> row(logits.begin() + static_cast<ptrdiff_t>(i) * columns,
                                 logits.begin() + static_cast<ptrdiff_t>(i + 1) * columns);
    const auto expected = sampler.sample(state_at(params[i], rows[i]), row);
    if (drawn[i] == (expected ? static_cast<uint32_t>(*expected) : kNoToken)) continue;
    is_near(params[i], rows[i], row, drawn[i]) ? ++near : ++wrong;
  }
  wrong += near > 1 + count / 20 ? 1 : 0;
  return {"sample " + std::to_string(count) + " x " + std::to_string(columns) + ", " + std::to_string(near) +
              " on a border",
          static_cast<double>(wrong), 0};
}

}  // namespace estoc::gpu
