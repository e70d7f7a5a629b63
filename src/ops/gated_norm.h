// An RMS norm over groups of columns, together with a gate: what comes out of layers with a recurrent state.
#pragma once

#include <span>

#include "ops/compute.h"
#include "ops/rows.h"

namespace estoc {

struct GatedNorm {
  std::span<const float> weight;  // [columns], or [group] that all groups share; empty: no norm, only the gate
  int64_t group = 0;              // columns that are normed together
  float epsilon = 0;
  bool is_gate_first = false;  // norm(x * silu(gate)), or else norm(x) * silu(gate)
};

// out [rows][x.columns()] in the form its readers want. The gate is as many columns of `gates`, from `first_column` on;
// x stays as it is.
void gated_norm(const Compute& compute, const Rows& x, const Rows& gates, int64_t first_column, const GatedNorm& norm,
                Rows& out, RowForm form);

}  // namespace estoc
