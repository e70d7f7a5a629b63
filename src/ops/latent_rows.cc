#include "ops/latent_rows.h"

#include <algorithm>

#include "base/check.h"
#include "ops/for_rows.h"
#include "ops/profile.h"

namespace estoc {
namespace {

void turn_part(const Compute& compute, const PartTurn& turn, int64_t row, const float* x, float* out) {
  const int64_t half = turn.angles.half;
  float pairs[kernels::kHeadDimMax];
  for (int64_t i = 0; i < half; ++i) {
    pairs[i] = x[turn.is_interleaved ? 2 * i : i];
    pairs[half + i] = x[turn.is_interleaved ? 2 * i + 1 : half + i];
  }
  compute.kernels.rope(pairs, turn.angles.cos + row * half, turn.angles.sin + row * half, half);
  std::copy_n(pairs, 2 * half, out);
}

}  // namespace

void norm_latents(const Compute& compute, std::span<const float> weight, float epsilon, const PartTurn& turn, Rows& x) {
  const auto latent = std::ssize(weight);
  ESTOC_DCHECK(x.columns() == latent + 2 * turn.angles.half && x.columns() <= kernels::kHeadDimMax);
  const ProfileScope scope(compute, "rope");
  x.touch();
  for_rows(compute, x.count(), x.columns(), [&](int64_t r) {
    float* const row = x.row(r);
    compute.kernels.rms_norm(row, weight.data(), epsilon, latent, row);
    turn_part(compute, turn, r, row + latent, row + latent);
  });
}

void turn_parts(const Compute& compute, int heads, const PartTurn& turn, const Rows& x, const HeadParts& of_x,
                Rows& out, const HeadParts& of_out) {
  ESTOC_DCHECK(x.count() == out.count() && 2 * turn.angles.half <= kernels::kHeadDimMax);
  const ProfileScope scope(compute, "rope");
  out.touch();
  for_rows(compute, x.count(), int64_t{heads} * 2 * turn.angles.half, [&](int64_t r) {
    for (int head = 0; head < heads; ++head) {
      turn_part(compute, turn, r, x.row(r) + head * of_x.step + of_x.first,
                out.row(r) + head * of_out.step + of_out.first);
    }
  });
}

}  // namespace estoc
