#include "sampling/logit_tiles.h"

#include <algorithm>
#include <functional>

#include "base/check.h"
#include "sampling/logit_loops.h"

namespace estoc {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

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

}  // namespace

void LogitTiles::scan(std::span<const float> logits) {
  logits_ = logits;
  maxima_.resize((logits.size() + kTile - 1) / kTile);
  const size_t whole = logits.size() / kTile;
  logit_loops().maxima(logits.data(), whole, maxima_.data());
  if (whole < maxima_.size()) logit_loops().maxima(WholeTile(logits, whole).data(), 1, &maxima_[whole]);
  max_ = kMinusInfinity;
  for (const float maximum : maxima_) max_ = std::max(max_, maximum);
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
  size_t count = 0;
  for (size_t tile = 0; tile < maxima_.size(); ++tile) {
    if (!(maxima_[tile] >= bound)) continue;
    if (out.size() < count + kTile) out.resize(std::max(2 * out.size(), count + kTile));
    const size_t end = std::min((tile + 1) * kTile, logits_.size());
    for (size_t i = tile * kTile; i < end; ++i) {  // no branch: in a flat row it could not be predicted
      out[count] = {.logit = logits_[i], .token = static_cast<TokenId>(i)};
      count += logits_[i] >= bound ? 1 : 0;
    }
  }
  out.resize(count);
}

size_t LogitTiles::count_above(float value) const {
  const size_t whole = logits_.size() / kTile;
  size_t above = logit_loops().count_above(logits_.data(), whole, value);
  for (const float x : logits_.subspan(whole * kTile)) above += x > value ? 1 : 0;
  return above;
}

double LogitTiles::exp_sums(float bound, float scale, std::vector<float>& sums) const {
  sums.resize(maxima_.size());
  const size_t whole = logits_.size() / kTile;
  logit_loops().exp_sums(logits_.data(), maxima_.data(), whole, max_, bound, scale, sums.data());
  if (whole < maxima_.size()) {
    logit_loops().exp_sums(WholeTile(logits_, whole).data(), &maxima_[whole], 1, max_, bound, scale, &sums[whole]);
  }
  double total = 0;
  for (const float sum : sums) total += static_cast<double>(sum);
  return total;
}

}  // namespace estoc
