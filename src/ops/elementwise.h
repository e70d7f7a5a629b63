// Row-wise ops: norm, rotary embedding, SiLU product, residual sum. Few rows run on the caller, many are split.
#pragma once

#include <span>

#include "ops/compute.h"
#include "ops/rows.h"

namespace estoc {

// out[r] = x[r] / rms(x[r]) * weight, in the form its readers want. out may be x when they want values. weight
// [columns].
void rms_norm(const Compute& compute, const Rows& x, std::span<const float> weight, float eps, Rows& out,
              RowForm form = RowForm::values);

// Heads that are turned to their positions, each normed before when there is a norm [head_dim].
struct HeadRows {
  Rows* x = nullptr;  // [rows][heads * head_dim]
  std::span<const float> norm;
};

// For every head of all `parts`, which have as many rows: x = rms_norm(x), then the rotary embedding by the row's
// angles: cos and sin [rows][half], pairs (i, i + half); dimensions from 2 * half on stay.
void turn_heads(const Compute& compute, std::span<const HeadRows> parts, int head_dim, float norm_eps, const float* cos,
                const float* sin, int half);

// out = silu(gate) * up, in the form its readers want.
void silu_mul(const Compute& compute, const Rows& gate, const Rows& up, Rows& out, RowForm form);

// x[r] += bias.
void add_bias(const Compute& compute, std::span<const float> bias, Rows& x);

}  // namespace estoc
