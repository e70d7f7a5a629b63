// Products of few rows with their experts (experts.h). All rows of the step are the columns of every product, whoever
// chose the expert: eight cost what one does.
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/experts.h"
#include "gpu/source/gate.cu.h"
#include "gpu/source/linear.cu.h"

namespace estoc::gpu {

template <WeightForm kForm, int N>
DEVICE void experts_gated(const ExpertsArguments& a) {
  SHARED(sums, LinearSums<1, N>);
  grid_release();
  grid_wait();
  if (block_index_y() >= *a.slot_count) return;
  const ExpertSlot& slot = a.slots[block_index_y()];
  LinearArguments linear{};
  linear.inputs = a.inputs;
  linear.columns = a.columns;
  linear.count = a.count;
  const u8* tile_rows[1] = {a.weights + slot.expert * a.expert_bytes +
                            block_index() * tile_row_bytes(kForm, a.columns)};
  multiply_tiles<kForm, 1, N, false>(sums, linear, tile_rows, [] {});
  constexpr int kOutputs = kTileRows / 2;
  const int warps = block_threads() / kWarp;
  for (int i = thread_index(); i < a.count * kOutputs; i += block_threads()) {
    const int row = i / kOutputs, local = i % kOutputs, pair = slot.pair[row];
    if (pair < 0) continue;
    float gate = summed(sums, sum_index<N>(0, local, row), warps),
          up = summed(sums, sum_index<N>(0, local + 8, row), warps);
    if (a.bias != nullptr) {
      const float* bias = a.bias + static_cast<long>(slot.expert) * a.rows + block_index() * kTileRows + local;
      gate += bias[0];
      up += bias[8];
    }
    a.activated[static_cast<long>(pair) * (a.rows / 2) + block_index() * kOutputs + local] =
        static_cast<u16>(pack_bf16x2(gated_up(gate, up, a.gate), 0));
  }
}

// Adds weight * (product of units [begin, end) of an expert's tile row) to `sums`, by a warp.
template <WeightForm kForm, int N>
DEVICE void experts_add(float (&sums)[1][N][4], const ExpertsArguments& a, const ExpertSlot& slot, int begin, int end,
                        int lane) {
  constexpr int U = linear_units(kForm, N) / 2;
  const u8* tile_row = a.weights + slot.expert * a.expert_bytes + block_index() * tile_row_bytes(kForm, a.columns);
  LaneSource<kForm> from = lane_source<kForm>(tile_row, a.columns / kUnitColumns, begin, lane);
  const u16* inputs[N];
  bool has_row[N];
  UNROLL
  for (int n = 0; n < N; ++n) {
    const int row = n * 8 + lane / 4, pair = row < a.count ? slot.pair[row] : -1;
    has_row[n] = pair >= 0;
    inputs[n] = a.inputs + static_cast<long>(pair < 0 ? 0 : pair) * a.columns + lane % 4 * 8 + begin * kUnitColumns;
  }
  float product[1][N][4];
  UNROLL
  for (int i = 0; i < N * 4; ++i) product[0][i / 4][i % 4] = 0;
  for (int left = end - begin; left > 0; left -= U) {
    LaneWeights<kForm> w[U][1];
    UNROLL
    for (int i = 0; i < U; ++i) {
      if (left > i) w[i][0] = load_unit<kForm>(from, i);
    }
    UNROLL
    for (int i = 0; i < U; ++i) {
      if (left <= i) continue;
      Words4 x[N][2];
      UNROLL
      for (int n = 0; n < N; ++n) {
        UNROLL
        for (int j = 0; j < 2; ++j) {
          x[n][j] = {0, 0, 0, 0};
          if (has_row[n]) x[n][j] = load_words4(inputs[n] + i * kUnitColumns + j * kGroupColumns);
        }
      }
      multiply_unit<kForm, 1, N>(product, w[i], x);
    }
    from.advance(U);
    UNROLL
    for (int n = 0; n < N; ++n) inputs[n] += U * kUnitColumns;
  }
  float bias[2] = {0, 0};
  if (a.bias != nullptr && begin == 0) {
    const float* biases = a.bias + static_cast<long>(slot.expert) * a.rows;
    UNROLL
    for (int half = 0; half < 2; ++half) {
      const int row = block_index() * kTileRows + half * 8 + lane / 4;
      bias[half] = row < a.rows ? biases[row] : 0;
    }
  }
  UNROLL
  for (int i = 0; i < N * 4; ++i) {
    const float weight = slot.weight[i / 4 * 8 + lane % 4 * 2 + i % 2];
    sums[0][i / 4][i % 4] += weight * (product[0][i / 4][i % 4] + bias[i % 4 / 2]);
  }
}

template <int N>
DEVICE void end_experts(const LinearSums<1, N>& sums, const ExpertsArguments& a) {
  const int warps = block_threads() / kWarp, elements = a.count * kTileRows;
  for (int i = thread_index(); i < (elements + kWarp - 1) / kWarp * kWarp; i += block_threads()) {  // whole warps
    const int column = i / kTileRows, local = i % kTileRows, row = block_index() * kTileRows + local;
    const long at = static_cast<long>(column) * a.rows + row;
    const bool is_inside = i < elements && row < a.rows;
    float square = 0;
    if (is_inside) {
      float x = summed(sums, sum_index<N>(0, local, column), warps);
      if (a.shared != nullptr) x += a.shared[at] * (a.shared_weight != nullptr ? a.shared_weight[column] : 1);
      if (a.output != nullptr) {
        a.output[at] = x;
      } else {
        x += a.residual[at];
        a.residual[at] = x;
        a.next_inputs[at] = static_cast<u16>(pack_bf16x2(x * a.next_norm[row], 0));
        square = x * x;
      }
    }
    if (a.output != nullptr) continue;
    UNROLL
    for (int mask = kTileRows / 2; mask > 0; mask >>= 1) square += shuffle_xor(square, mask);
    if (i < elements && local == 0) a.next_squares[static_cast<long>(column) * grid_blocks() + block_index()] = square;
  }
}

template <WeightForm kForm, int N>
DEVICE void experts_down(const ExpertsArguments& a) {
  SHARED(shared, LinearSums<1, N>);
  grid_release();
  grid_wait();
  const int lane = thread_index() % kWarp, warp = thread_index() / kWarp, warps = block_threads() / kWarp;
  const int units = a.columns / kUnitColumns, items = *a.slot_count * a.parts;
  float sums[1][N][4];
  UNROLL
  for (int i = 0; i < N * 4; ++i) sums[0][i / 4][i % 4] = 0;
  for (int item = warp; item < items; item += warps) {
    const int part = item % a.parts;
    experts_add<kForm, N>(sums, a, a.slots[item / a.parts], units * part / a.parts, units * (part + 1) / a.parts, lane);
  }
  UNROLL
  for (int i = 0; i < N * 4; ++i) shared.of_warp[warp][i * 32 + lane] = sums[0][i / 4][i % 4];
  sync_block();
  end_experts<N>(shared, a);
}

#define ESTOC_EXPERTS(form, n)                                                        \
  KERNEL(kLinearBlockThreads, 1, experts_##form##_gated_n##n, (ExpertsArguments a)) { \
    experts_gated<WeightForm::form, n / 8>(a);                                        \
  }                                                                                   \
  KERNEL(kLinearBlockThreads, 1, experts_##form##_down_n##n, (ExpertsArguments a)) {  \
    experts_down<WeightForm::form, n / 8>(a);                                         \
  }
#define ESTOC_EXPERTS_FORM(form) \
  ESTOC_EXPERTS(form, 8)         \
  ESTOC_EXPERTS(form, 16)

ESTOC_EXPERTS_FORM(bf16)
ESTOC_EXPERTS_FORM(codes8)
ESTOC_EXPERTS_FORM(codes4)
ESTOC_EXPERTS_FORM(codes4_min)
ESTOC_EXPERTS_FORM(f16)
ESTOC_EXPERTS_FORM(codes8_min)
ESTOC_EXPERTS_FORM(codes8_16)
ESTOC_EXPERTS_FORM(f8)

}  // namespace estoc::gpu
