// The states of a Mamba layer (selective_scan.h). A thread has a column, whose numbers lie in its registers while the
// rows of a sequence go by. Rows come in stages: what a stage needs of memory is asked for at once.
#pragma once

#include "gpu/source/causal_conv.cu.h"
#include "gpu/source/curves.cu.h"
#include "gpu/source/device.h"
#include "gpu/source/row_sum.cu.h"
#include "gpu/source/selective_scan.h"

namespace estoc::gpu {

// 1 / rms of so many numbers, by the whole block.
DEVICE float scan_part_factor(const float* values, int count, float epsilon, float (&sums)[kScanPartsThreads / kWarp]) {
  float squares = 0;
  for (int i = thread_index(); i < count; i += kScanPartsThreads) squares += values[i] * values[i];
  return rsqrt_fast(row_sum<kScanPartsThreads>(squares, sums) / static_cast<float>(count) + epsilon);
}

KERNEL(kScanPartsThreads, 1, scan_parts, (ScanPartsArguments a)) {
  SHARED(sums, float[kScanPartsThreads / kWarp]);
  grid_release();
  grid_wait();
  const int row = block_index(), rank = a.shape.step_rank, states = a.shape.state_size, thread = thread_index();
  float* const steps = a.parts + static_cast<long>(row) * scan_part_columns(a.shape);
  float* const b = steps + rank;
  float* const c = b + states;
  const bool has_norms = a.step_norm != nullptr;
  float factor = 1;
  if (has_norms) {
    factor = scan_part_factor(steps, rank, a.epsilon, sums);
    const float of_b = scan_part_factor(b, states, a.epsilon, sums);
    const float of_c = scan_part_factor(c, states, a.epsilon, sums);
    if (thread < states) {
      b[thread] *= of_b * a.b_norm[thread];
      c[thread] *= of_c * a.c_norm[thread];
    }
  }
  for (int i = thread; i < rank; i += kScanPartsThreads) {
    store_half(a.steps, row, i, steps[i] * factor * (has_norms ? a.step_norm[i] : 1));
  }
}

inline constexpr int kScanStage = kScanThreads / kScanStateMax;  // rows

KERNEL(kScanThreads, 1, selective_scan, (SelectiveScanArguments a)) {
  SHARED(bs, float[kScanStage][kScanStateMax]);
  SHARED(cs, float[kScanStage][kScanStateMax]);
  grid_release();
  grid_wait();
  const ScanShape& s = a.shape;
  const int thread = thread_index(), column = block_index() * kScanThreads + thread;
  const bool is_inside = column < s.columns;
  const SequenceRows sequence = sequence_of(a.rows, block_index_y());
  const bool is_new = a.rows.positions[sequence.first] == 0;
  float* const state = state_of(a.rows, sequence.first);
  float m[kScanStateMax], rates[kScanStateMax];
  UNROLL
  for (int n = 0; n < kScanStateMax; ++n) {
    const bool is_there = is_inside && n < s.state_size;
    const long at = static_cast<long>(n) * s.columns + column;
    m[n] = is_there && !is_new ? state[at] : 0;
    rates[n] = is_there ? a.rates[at] * kLog2E : 0;
  }
  const float skip = is_inside ? a.skip[column] : 0;
  for (int begin = 0; begin < sequence.rows; begin += kScanStage) {
    const int row = sequence.first + begin, left = sequence.rows - begin, count = left < kScanStage ? left : kScanStage;
    float x[kScanStage], raw[kScanStage], z[kScanStage];
    UNROLL
    for (int r = 0; r < kScanStage; ++r) {
      const bool is_there = is_inside && r < count;
      const long at = static_cast<long>(row + r) * s.columns + column;
      x[r] = is_there ? a.x[at] : 0;
      raw[r] = is_there ? a.raw_steps[at] : 0;
      z[r] = is_there ? a.gates[static_cast<long>(row + r) * a.conv.input_stride + column] : 0;
    }
    sync_block();  // the stage before has been read
    const int r_of = thread / kScanStateMax, n_of = thread % kScanStateMax;
    const bool is_part = r_of < count && n_of < s.state_size;
    const float* const part = a.parts + static_cast<long>(row + r_of) * scan_part_columns(s) + s.step_rank + n_of;
    bs[r_of][n_of] = is_part ? part[0] : 0;
    cs[r_of][n_of] = is_part ? part[s.state_size] : 0;
    sync_block();
    UNROLL
    for (int r = 0; r < kScanStage; ++r) {
      if (r >= count) break;
      const float step = softplus_fast(raw[r]), inflow = step * x[r];
      float answer = skip * x[r];
      UNROLL
      for (int n = 0; n < kScanStateMax; ++n) {
        m[n] = exp2_fast(step * rates[n]) * m[n] + inflow * bs[r][n];
        answer += cs[r][n] * m[n];
      }
      if (is_inside) store_half(a.output, row + r, column, answer * z[r] * sigmoid_fast(z[r]));
    }
  }
  UNROLL
  for (int n = 0; n < kScanStateMax; ++n) {
    if (is_inside && n < s.state_size) state[static_cast<long>(n) * s.columns + column] = m[n];
  }
  keep_inputs<kScanThreads>(a.rows, a.conv, state, sequence, block_index(), grid_blocks());
}

}  // namespace estoc::gpu
