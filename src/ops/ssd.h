// The state space layer of Mamba-2 over each sequence of a batch, with a state a head that goes on from batch to batch.
#pragma once

#include <cstdint>
#include <span>

#include "ops/compute.h"
#include "ops/rows.h"
#include "tensor/batch.h"
#include "tensor/state_storage.h"

namespace estoc {

struct SsdShape {
  int heads = 0, head_dim = 0;
  int groups = 0;  // of heads that share what they take in and what they read; divides heads
  int state_size = 0;

  int64_t x_columns() const { return int64_t{heads} * head_dim; }
  int64_t bc_columns() const { return int64_t{groups} * state_size; }
  int64_t columns() const { return x_columns() + 2 * bc_columns(); }
  int64_t state_floats() const { return x_columns() * state_size; }
};

struct SsdWeights {
  std::span<const float> step_bias, rates, skip;  // [heads], see kernels/ssd.h
  float step_min = 0, step_max = 0;
};

// steps [rows][2 heads] = how far each head goes at each row, and what of its state stays; raw steps are the `heads`
// columns of `in` from `first_column` on.
void ssd_steps(const Compute& compute, const Rows& in, int64_t first_column, const SsdWeights& weights, Rows& steps);

// out [rows][heads * head_dim] of in [rows][x, b, c] and `steps`. Each sequence's state, [heads][state_size][head_dim]
// in f32, lies `state_offset` bytes into its fixed state of `layer`; it is read and brought up to the sequence's last
// row, and zeros precede its first position.
void ssd(const Compute& compute, const Batch& batch, StateStorage& states, int layer, int64_t state_offset,
         const SsdShape& shape, const SsdWeights& weights, const Rows& in, const Rows& steps, Rows& out);

}  // namespace estoc
