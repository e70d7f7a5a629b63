// Row-wise ops around latent attention, where parts of rows are normed or turned: few rows run on the caller, many are
// split.
#pragma once

#include <cstdint>
#include <span>

#include "ops/compute.h"
#include "ops/elementwise.h"
#include "ops/rows.h"

namespace estoc {

// How a part of 2 * angles.half numbers turns. Pairs that stand side by side stand half apart afterwards, where the
// kernels turn them: a product of two such parts does not see it.
struct PartTurn {
  HeadAngles angles;
  bool is_interleaved = false;
};

// Of rows [latent | part]: an RMS norm of the latent, which is as long as `weight`; the part turns.
void norm_latents(const Compute& compute, std::span<const float> weight, float epsilon, const PartTurn& turn, Rows& x);

// Parts of heads: head h's begins at column h * step + first.
struct HeadParts {
  int64_t step = 0, first = 0;
};
// The parts of all heads of x turned, into `out`, which has as many rows.
void turn_parts(const Compute& compute, int heads, const PartTurn& turn, const Rows& x, const HeadParts& of_x,
                Rows& out, const HeadParts& of_out);

}  // namespace estoc
