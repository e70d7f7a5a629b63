#include "sampling/logit_tiles.h"

#include <algorithm>
#include <functional>

#include "base/check.h"
#include "sampling/exp.h"

namespace estoc {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();
constexpr size_t kLanes = 16;

// The comparisons are written so that a NaN on the left loses.
float tile_maximum(const float* x, size_t count) {
  float maximum = kMinusInfinity;
  if (count == LogitTiles::kTile) {
    float lanes[kLanes];
    for (size_t j = 0; j < kLanes; ++j) lanes[j] = x[j] > kMinusInfinity ? x[j] : kMinusInfinity;
    for (size_t i = kLanes; i < LogitTiles::kTile; i += kLanes) {
      for (size_t j = 0; j < kLanes; ++j) lanes[j] = x[i + j] > lanes[j] ? x[i + j] : lanes[j];
    }
    for (const float lane : lanes) maximum = lane > maximum ? lane : maximum;
  } else {
    for (size_t i = 0; i < count; ++i) maximum = x[i] > maximum ? x[i] : maximum;
  }
  return maximum;
}

float tile_exp_sum(const float* x, size_t count, float max, float bound, float scale) {
  float weights[LogitTiles::kTile] = {};
  for (size_t i = 0; i < count; ++i) weights[i] = x[i] >= bound ? exp_nonpositive((x[i] - max) * scale) : 0.0f;
  float lanes[kLanes] = {};
  for (size_t i = 0; i < LogitTiles::kTile; i += kLanes) {
    for (size_t j = 0; j < kLanes; ++j) lanes[j] += weights[i + j];
  }
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

}  // namespace

void LogitTiles::scan(std::span<const float> logits) {
  logits_ = logits;
  maxima_.resize((logits.size() + kTile - 1) / kTile);
  max_ = kMinusInfinity;
  for (size_t tile = 0; tile < maxima_.size(); ++tile) {
    const size_t begin = tile * kTile;
    maxima_[tile] = tile_maximum(logits.data() + begin, std::min(kTile, logits.size() - begin));
    max_ = std::max(max_, maxima_[tile]);
  }
}

TokenId LogitTiles::argmax() const {
  ESTOC_CHECK(max_ > kMinusInfinity);
  const auto tile = static_cast<size_t>(std::find(maxima_.begin(), maxima_.end(), max_) - maxima_.begin());
  const auto found = std::find(logits_.begin() + static_cast<ptrdiff_t>(tile * kTile), logits_.end(), max_);
  return static_cast<TokenId>(found - logits_.begin());
}

float LogitTiles::bound_of_top(int count) {
  if (count <= 0 || static_cast<size_t>(count) > maxima_.size()) return kLowest;
  scratch_ = maxima_;
  const auto nth = scratch_.begin() + (count - 1);
  std::nth_element(scratch_.begin(), nth, scratch_.end(), std::greater<>());
  return std::max(*nth, kLowest);
}

void LogitTiles::gather(float bound, std::vector<Candidate>& out) const {
  out.clear();
  for (size_t tile = 0; tile < maxima_.size(); ++tile) {
    if (!(maxima_[tile] >= bound)) continue;
    const size_t end = std::min((tile + 1) * kTile, logits_.size());
    for (size_t i = tile * kTile; i < end; ++i) {
      if (logits_[i] >= bound) out.push_back({logits_[i], static_cast<TokenId>(i)});
    }
  }
}

double LogitTiles::exp_sums(float bound, float scale, std::vector<float>& sums) const {
  sums.resize(maxima_.size());
  double total = 0;
  for (size_t tile = 0; tile < maxima_.size(); ++tile) {
    const size_t begin = tile * kTile;
    sums[tile] = maxima_[tile] >= bound
                     ? tile_exp_sum(logits_.data() + begin, std::min(kTile, logits_.size() - begin), max_, bound, scale)
                     : 0.0f;
    total += static_cast<double>(sums[tile]);
  }
  return total;
}

}  // namespace estoc
