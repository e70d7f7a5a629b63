#include "quant/sub_block_fit.h"

#include <algorithm>

#include "quant/extremes.h"

namespace estoc {
namespace {

constexpr int kRounds = 4;

// Squared error of the best codes for `fit`, and the sums that the least-squares scale and minimum need.
struct AffineSums {
  double q = 0, qq = 0, x = 0, qx = 0, error = 0;
};

AffineSums sums_of(const float* values, int count, int code_max, AffineFit fit) {
  AffineSums sums;
  const float inverse = reciprocal(fit.scale);
  for (int i = 0; i < count; ++i) {
    const int q = round_to_int((values[i] + fit.minimum) * inverse, 0, code_max);
    const double miss = double{fit.scale} * q - fit.minimum - values[i];
    sums.q += q;
    sums.qq += q * q;
    sums.x += values[i];
    sums.qx += double{values[i]} * q;
    sums.error += miss * miss;
  }
  return sums;
}

AffineFit solve(const AffineSums& sums, int count) {
  const double determinant = count * sums.qq - sums.q * sums.q;
  if (!(determinant > 0)) return {};
  const double scale = (count * sums.qx - sums.q * sums.x) / determinant;
  const double minimum = (sums.q * scale - sums.x) / count;
  if (minimum >= 0) return {static_cast<float>(scale), static_cast<float>(minimum)};
  return {static_cast<float>(sums.qq > 0 ? sums.qx / sums.qq : 0.0), 0.0f};  // the minimum cannot be positive in w
}

}  // namespace

AffineFit fit_affine(const float* values, int count, int code_max) noexcept {
  const Range range = range_of(values, count);
  const float low = std::min(range.low, 0.0f);
  AffineFit best{(std::max(range.high, low) - low) / static_cast<float>(code_max), -low};
  AffineSums best_sums = sums_of(values, count, code_max, best);
  for (int round = 0; round < kRounds; ++round) {
    const AffineFit next = solve(best_sums, count);
    if (!(next.scale > 0)) break;
    const AffineSums sums = sums_of(values, count, code_max, next);
    if (!(sums.error < best_sums.error)) break;
    best = next;
    best_sums = sums;
  }
  return best;
}

float fit_symmetric(const float* values, int count, int code_min, int code_max) noexcept {
  float best = signed_extreme(values, count) / static_cast<float>(code_min);
  double best_error = -1;
  float scale = best;
  for (int round = 0; round <= kRounds; ++round) {
    const float inverse = reciprocal(scale);
    double qq = 0, qx = 0, error = 0;
    for (int i = 0; i < count; ++i) {
      const int q = round_to_int(values[i] * inverse, code_min, code_max);
      const double miss = double{scale} * q - values[i];
      qq += q * q;
      qx += double{values[i]} * q;
      error += miss * miss;
    }
    if (best_error >= 0 && !(error < best_error)) break;
    best = scale;
    best_error = error;
    if (!(qq > 0)) break;
    scale = static_cast<float>(qx / qq);
  }
  return best;
}

}  // namespace estoc
