#include "sampling/logit_tiles.h"

#include <algorithm>
#include <functional>

#include "base/check.h"
#include "sampling/exp.h"

namespace estoc {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();
constexpr size_t kLanes = 16;

// All of a tile, the missing rest of the last one as -inf.
class WholeTile {
 public:
  WholeTile(std::span<const float> logits, size_t tile) : data_(logits.data() + tile * LogitTiles::kTile) {
    const size_t count = logits.size() - tile * LogitTiles::kTile;
    if (count >= LogitTiles::kTile) return;
    std::fill(std::copy_n(data_, count, padded_), padded_ + LogitTiles::kTile, kMinusInfinity);
    data_ = padded_;
  }
  WholeTile(const WholeTile&) = delete;
  const float* data() const { return data_; }

 private:
  const float* data_;
  float padded_[LogitTiles::kTile];
};

// The comparisons are written so that a NaN on the left loses.
float tile_maximum(const float* x) {
  float lanes[kLanes];
  for (size_t j = 0; j < kLanes; ++j) lanes[j] = x[j] > kMinusInfinity ? x[j] : kMinusInfinity;
  for (size_t i = kLanes; i < LogitTiles::kTile; i += kLanes) {
    for (size_t j = 0; j < kLanes; ++j) lanes[j] = x[i + j] > lanes[j] ? x[i + j] : lanes[j];
  }
  float maximum = kMinusInfinity;
  for (const float lane : lanes) maximum = lane > maximum ? lane : maximum;
  return maximum;
}

float tile_exp_sum(const float* x, float max, float bound, float scale) {
  float weights[LogitTiles::kTile];
  for (size_t i = 0; i < LogitTiles::kTile; ++i) {
    const float kept = x[i] >= bound ? x[i] : kMinusInfinity;
    weights[i] = exp_nonpositive((kept - max) * scale);
  }
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
    maxima_[tile] = tile_maximum(WholeTile(logits, tile).data());
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
      if (logits_[i] >= bound) out.push_back({.logit = logits_[i], .token = static_cast<TokenId>(i)});
    }
  }
}

double LogitTiles::exp_sums(float bound, float scale, std::vector<float>& sums) const {
  sums.resize(maxima_.size());
  double total = 0;
  for (size_t tile = 0; tile < maxima_.size(); ++tile) {
    const bool is_reached = maxima_[tile] >= bound;
    sums[tile] = is_reached ? tile_exp_sum(WholeTile(logits_, tile).data(), max_, bound, scale) : 0.0f;
    total += static_cast<double>(sums[tile]);
  }
  return total;
}

}  // namespace estoc
