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

// The same over each head of x [rows][heads * head_dim] by itself, in place. weight [head_dim].
void rms_norm_heads(const Compute& compute, Rows& x, std::span<const float> weight, float eps);

// Rotates every head of x [rows][heads * head_dim] by the row's angles: cos and sin [rows][half], pairs (i, i + half);
// dimensions from 2 * half on stay.
void rope(const Compute& compute, Rows& x, int head_dim, const float* cos, const float* sin, int half);

// out = silu(gate) * up, in the form its readers want.
void silu_mul(const Compute& compute, const Rows& gate, const Rows& up, Rows& out, RowForm form);

// x[r] += bias.
void add_bias(const Compute& compute, std::span<const float> bias, Rows& x);

}  // namespace estoc
