// Row-wise ops: norms, rotary embedding, activations, residual sums. Few rows run on the caller, many are split.
#pragma once

#include <span>
#include <vector>

#include "ops/activation.h"
#include "ops/compute.h"
#include "ops/rows.h"
#include "tensor/batch.h"

namespace estoc {

// out[r] = x[r] / rms(x[r]) * weight, in the form its readers want. out may be x when they want values. weight
// [columns].
void rms_norm(const Compute& compute, const Rows& x, std::span<const float> weight, float eps, Rows& out,
              RowForm form = RowForm::values);

// out[r] = layer_norm(x[r]) as kernels.h has it; bias [columns] or empty. As rms_norm.
void layer_norm(const Compute& compute, const Rows& x, std::span<const float> weight, std::span<const float> bias,
                float eps, Rows& out, RowForm form = RowForm::values);

// A norm over stretches of `columns` values of a row: of its heads, with weights [columns] that they share or their own
// [row's columns], or of the whole row.
struct HeadNorm {
  std::vector<float> weight;  // empty: no norm
  int64_t columns = 0;
  float epsilon = 0;
  bool is_layer_norm = false;  // else an RMS norm
};

// cos and sin [rows][half] of the angles by which pairs (i, i + half) of heads are turned; dimensions from 2 * half on
// stay. half of 0: nothing turns.
struct HeadAngles {
  const float* cos = nullptr;
  const float* sin = nullptr;
  int half = 0;
};

struct HeadRows {
  Rows* x = nullptr;  // [rows][heads * head_dim]
  const HeadNorm* norm = nullptr;
};

// Norms and then turns the heads of all `parts`, which have as many rows; with is_norm_last it turns first.
void turn_heads(const Compute& compute, std::span<const HeadRows> parts, int head_dim, const HeadAngles& angles,
                bool is_norm_last = false);

// out = activation(x + bias) * up, or without `up` when it is null, in the form its readers want. bias [columns] or
// empty.
void activate(const Compute& compute, Activation activation, const Rows& x, const Rows* up, Rows& out, RowForm form,
              std::span<const float> bias = {});

// The extended ELU with learned numbers (Huang & Schlag 2024): x (alpha_p x + beta) above zero and
// alpha_n (exp(min(x, epsilon)) - 1 - x) + beta x below. One value at a time.
struct Xielu {
  float alpha_p = 0, alpha_n = 0, beta = 0, epsilon = 0;
};
void xielu(const Compute& compute, const Xielu& numbers, const Rows& x, Rows& out, RowForm form);

// x[r] += scale * y[r].
void add_scaled(const Compute& compute, float scale, const Rows& y, Rows& x);
// out = x, in the form its readers want.
void copy_rows(const Compute& compute, const Rows& x, Rows& out, RowForm form = RowForm::values);
// x *= scale.
void scale_rows(const Compute& compute, float scale, Rows& x);

// x[r] *= factors, column by column.
void multiply_rows(const Compute& compute, std::span<const float> factors, Rows& x);

// Rows at position p are multiplied by 1 + growth ln(1 + floor(p / period)).
void grow_by_position(const Batch& batch, float growth, int period, Rows& x);

// x = min(max(x, -limit), limit).
void clip_rows(const Compute& compute, float limit, Rows& x);

// x[r] += bias.
struct BiasedRows {
  std::span<const float> bias;  // [columns]
  Rows* x = nullptr;
};
// All of them, which have as many rows, in one fork-join.
void add_bias(const Compute& compute, std::span<const BiasedRows> parts);

}  // namespace estoc
