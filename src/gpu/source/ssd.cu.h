// The states of a Mamba-2 layer (ssd.h). A part of a head's state lies in the registers of its block's threads while
// the rows of a sequence go by: four threads have a column, each a quarter of its numbers in turns of four. Rows come
// in stages: what a stage needs of memory is asked for while the stage before is computed.
#pragma once

#include "gpu/source/causal_conv.cu.h"
#include "gpu/source/curves.cu.h"
#include "gpu/source/device.h"
#include "gpu/source/row_sum.cu.h"
#include "gpu/source/ssd.h"

namespace estoc::gpu {

// Rows of a stage: as many as there are registers for what is on its way.
constexpr int ssd_stage(int room) { return room > 128 ? 4 : 8; }

struct alignas(16) SsdFour {
  float v[4];
};

// What a block reads of some rows.
template <int kRoom>
struct SsdShared {
  static constexpr int kRows = ssd_stage(kRoom);
  SsdFour b[kRows][kRoom / 4], c[kRows][kRoom / 4];
  float x[kRows][kSsdColumns];
  float steps[kRows], decays[kRows];
};

// A block's part of the work, and a thread's share of a stage on its way to shared memory.
template <int kRoom>
struct SsdStage {
  static constexpr int kRows = ssd_stage(kRoom);
  static constexpr int kOwn = kRoom * kRows / kSsdThreads, kOwnX = kSsdColumns * kRows / kSsdThreads;
  float b[kOwn], c[kOwn], x[kOwnX], raw;

  // Of `count` rows from `row` on; `column` is the block's first of x.
  DEVICE void load(const SsdArguments& a, int head, int column, int columns, int row, int count) {
    const SsdShape& s = a.shape;
    const int thread = thread_index(), group = head / (s.heads / s.groups);
    const float* const rows = a.convolved + static_cast<long>(row) * a.conv.columns;
    const float* const bs = rows + ssd_x_columns(s) + group * s.state_size;
    UNROLL
    for (int k = 0; k < kOwn; ++k) {
      const int r = (thread + k * kSsdThreads) / kRoom, n = (thread + k * kSsdThreads) % kRoom;
      const bool is_there = r < count && n < s.state_size;
      const long at = static_cast<long>(r) * a.conv.columns + n;
      b[k] = is_there ? bs[at] : 0;
      c[k] = is_there ? bs[at + s.groups * s.state_size] : 0;
    }
    UNROLL
    for (int k = 0; k < kOwnX; ++k) {
      const int r = (thread + k * kSsdThreads) / kSsdColumns, i = (thread + k * kSsdThreads) % kSsdColumns;
      x[k] = r < count && i < columns ? rows[static_cast<long>(r) * a.conv.columns + column + i] : 0;
    }
    raw = thread < count ? a.raw_steps[static_cast<long>(row + thread) * a.conv.input_stride + head] : 0;
  }

  DEVICE void store(const SsdArguments& a, int head, SsdShared<kRoom>& to) const {
    const int thread = thread_index();
    UNROLL
    for (int k = 0; k < kOwn; ++k) {
      const int r = (thread + k * kSsdThreads) / kRoom, n = (thread + k * kSsdThreads) % kRoom;
      to.b[r][n / 4].v[n % 4] = b[k];
      to.c[r][n / 4].v[n % 4] = c[k];
    }
    UNROLL
    for (int k = 0; k < kOwnX; ++k) {
      to.x[(thread + k * kSsdThreads) / kSsdColumns][(thread + k * kSsdThreads) % kSsdColumns] = x[k];
    }
    if (thread >= kRows) return;
    float step = softplus_fast(raw * a.step_scale + a.step_bias[head]);
    step = step > a.step_min ? step : a.step_min;
    step = step < a.step_max ? step : a.step_max;
    to.steps[thread] = step;
    to.decays[thread] = exp2_fast(step * a.rates[head] * kLog2E);
  }
};

template <int kRoom>
DEVICE void ssd_scan(const SsdArguments& a) {
  constexpr int kFours = kRoom / 16, kStage = ssd_stage(kRoom);  // of a thread, of all
  SHARED(shared, SsdShared<kRoom>);
  grid_release();
  grid_wait();
  const SsdShape& s = a.shape;
  const int parts = ssd_parts(s), head = block_index() / parts, part = block_index() % parts;
  const int quarter = thread_index() % 4, local = thread_index() / 4;
  const int column = head * s.head_dim + part * kSsdColumns;  // the block's first
  const int columns = s.head_dim - part * kSsdColumns;        // of the head from there on
  const SequenceRows sequence = sequence_of(a.rows, block_index_y());
  const bool is_new = a.rows.positions[sequence.first] == 0;
  float* const state = state_of(a.rows, sequence.first);
  float* const memory = state + static_cast<long>(head) * ssd_head_floats(s) + part * s.state_size * kSsdColumns +
                        quarter * 4 * kSsdColumns + local;
  float m[kFours][4];
  UNROLL
  for (int f = 0; f < kFours; ++f) {
    UNROLL
    for (int i = 0; i < 4; ++i) {
      m[f][i] = f * 16 < s.state_size && !is_new ? memory[(f * 16 + i) * kSsdColumns] : 0;
    }
  }
  const float skip = a.skip[head];
  SsdStage<kRoom> stage;
  stage.load(a, head, column, columns, sequence.first, sequence.rows < kStage ? sequence.rows : kStage);
  for (int begin = 0; begin < sequence.rows; begin += kStage) {
    const int left = sequence.rows - begin - kStage;
    sync_block();  // the stage before has been read
    stage.store(a, head, shared);
    sync_block();
    if (left > 0) {
      stage.load(a, head, column, columns, sequence.first + begin + kStage, left < kStage ? left : kStage);
    }
    const int count = left < 0 ? left + kStage : kStage;
    float* out = a.convolved + static_cast<long>(sequence.first + begin) * a.conv.columns + column + local;
    for (int r = 0; r < count; ++r, out += a.conv.columns) {
      const float x = shared.x[r][local], decay = shared.decays[r], inflow = shared.steps[r] * x;
      float answer[4] = {};
      UNROLL
      for (int f = 0; f < kFours; ++f) {
        const SsdFour b = shared.b[r][f * 4 + quarter], c = shared.c[r][f * 4 + quarter];
        UNROLL
        for (int i = 0; i < 4; ++i) {
          m[f][i] = m[f][i] * decay + inflow * b.v[i];
          answer[i] += m[f][i] * c.v[i];
        }
      }
      const float sum = sum_of_four((answer[0] + answer[1]) + (answer[2] + answer[3]));
      if (quarter == 0 && local < columns) *out = sum + skip * x;
    }
  }
  UNROLL
  for (int f = 0; f < kFours; ++f) {
    UNROLL
    for (int i = 0; i < 4; ++i) {
      if (f * 16 < s.state_size) memory[(f * 16 + i) * kSsdColumns] = m[f][i];
    }
  }
  keep_inputs<kSsdThreads>(a.rows, a.conv, state, sequence, block_index(), grid_blocks());
}

KERNEL(kSsdThreads, 1, ssd_scan_64, (SsdArguments a)) { ssd_scan<64>(a); }
KERNEL(kSsdThreads, 1, ssd_scan_128, (SsdArguments a)) { ssd_scan<128>(a); }
KERNEL(kSsdThreads, 1, ssd_scan_256, (SsdArguments a)) { ssd_scan<256>(a); }

}  // namespace estoc::gpu
