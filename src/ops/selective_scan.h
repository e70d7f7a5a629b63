// The selective state space layer of Mamba over each sequence of a batch, with a state that goes on from batch to
// batch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ops/compute.h"
#include "ops/rows.h"
#include "tensor/batch.h"
#include "tensor/state_storage.h"

namespace estoc {

struct SelectiveScanWeights {
  std::span<const float> rates;  // below 0, in the blocks of kernels/selective_scan.h
  std::span<const float> skip;   // [columns]
  int state_size = 0;
};

// [columns][state_size] in the order of the kernel's blocks.
std::vector<float> in_scan_blocks(std::span<const float> numbers, int64_t columns, int64_t state_size);

// Bytes of a sequence's state.
int64_t scan_state_bytes(int64_t columns, int64_t state_size);

// out [rows][columns] of x and raw steps [rows][columns], and bc [rows][b, c of state_size each]. Each sequence's state
// lies `state_offset` bytes into its fixed state of `layer`; it is read and brought up to the sequence's last row, and
// zeros precede its first position.
void selective_scan(const Compute& compute, const Batch& batch, StateStorage& states, int layer, int64_t state_offset,
                    const SelectiveScanWeights& weights, const Rows& x, const Rows& raw_steps, const Rows& bc,
                    Rows& out);

// Each row's columns [first, first + weight.size()) become their RMS norm times `weight`.
void norm_columns(const Compute& compute, std::span<const float> weight, float epsilon, int64_t first, Rows& rows);

}  // namespace estoc
