// Decode projections (linear.h). Weights go straight from memory to registers, in the order of the product's fragments;
// several units are on the way before the first is used, the first ones even before the launch before this one has
// ended.
//
// Weights are the 16-row side of mma.m16n8k16, activations the 8-column side: one activation row costs what eight do.
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/gate.cu.h"
#include "gpu/source/linear.h"
#include "gpu/source/linear_unit.cu.h"
#include "gpu/source/weights_ahead.cu.h"

namespace estoc::gpu {

inline constexpr int kLinearBlockThreads = linear_threads_of(kIsAmd);

// Units of all of a block's tile rows that a warp has on the way: 8 KB for bf16, 2 to 5 KB for codes. More would not
// fit in the 128 registers that 16 warps leave each lane; `n` is the number of 8-row groups of activations.
constexpr int linear_units(WeightForm form, int n) {
  if (!is_codes4(form)) return n == 1 ? 4 : has_second(form) ? 2 : 3;
  if (form == WeightForm::codes4) return n == 1 ? 8 : 5;
  return n == 1 ? 6 : 3;
}

// Units whose activations are loaded together: 16 or 32 registers.
constexpr int linear_inputs(WeightForm form, int units, int n) {
  const int most = n > 1 ? 1 : is_raised(form, n) ? 2 : 4;
  return units < most ? units : most;
}

// Activations of unit `i` from where `inputs` points.
template <int N>
DEVICE void load_inputs(Words4 (&x)[N][2], const u16* const (&inputs)[N], int i) {
  UNROLL
  for (int n = 0; n < N; ++n) {
    UNROLL
    for (int j = 0; j < 2; ++j) x[n][j] = load_words4(inputs[n] + i * kUnitColumns + j * kGroupColumns);
  }
}

// A lane's part of the sum of squares of activation row `row`. The first 32 * kParts are on the way together.
template <int kParts>
DEVICE float partial_squares(const LinearArguments& a, int row, int lane) {
  const float* parts = a.squares + static_cast<long>(row) * a.square_parts;
  float sum = 0;
  for (int first = lane; first < a.square_parts; first += kParts * kWarp) {
    float part[kParts];
    UNROLL
    for (int k = 0; k < kParts; ++k) part[k] = first + k * kWarp < a.square_parts ? parts[first + k * kWarp] : 0;
    UNROLL
    for (int k = 0; k < kParts; ++k) sum += part[k];
  }
  return sum;
}

// The block's products, summed over its warps: element (row, column) of tile row r is at sum_index().
template <int R, int N>
struct LinearSums {
  float of_warp[kLinearBlockThreads / kWarp][R * N * 128];
  float norm[kLinearRowsMax];
};
template <int N>
DEVICE int sum_index(int tile, int row, int column) {
  return ((tile * N + column / 8) * 4 + row / 8 * 2 + column % 2) * 32 + row % 8 * 4 + column % 8 / 2;
}
template <int R, int N>
DEVICE float summed(const LinearSums<R, N>& sums, int index, int warps) {
  float sum = 0;
  UNROLL
  for (int w = 0; w < kLinearBlockThreads / kWarp; ++w) {  // all loads on the way at once
    const float part = sums.of_warp[w < warps ? w : 0][index];
    sum += w < warps ? part : 0;
  }
  return sum;
}

// norm[row] for all activation rows, by the block's warps in turn; `first` is partial_squares of this warp's first row.
template <int R, int N>
DEVICE void compute_norms(LinearSums<R, N>& sums, const LinearArguments& a, float first, int warp, int warps,
                          int lane) {
  for (int row = warp; row < a.count; row += warps) {
    float norm = 1;
    if (a.squares != nullptr) {
      float sum = row == warp ? first : partial_squares<4>(a, row, lane);
      for (int mask = 16; mask > 0; mask >>= 1) sum += shuffle_xor(sum, mask);
      norm = rsqrt_fast(sum / static_cast<float>(a.columns) + a.epsilon);
    }
    if (lane == 0) sums.norm[row] = norm;
  }
}

// The products of R tile rows with all activation rows, left in shared memory, and (kNorm) what they are to be
// multiplied by; ends with a barrier. A warp's units follow each other: only their beginning is computed. `prepare` is
// called once, after grid_wait: at once, or behind the products where they need all registers, as norms are read.
template <WeightForm kForm, int R, int N, bool kNorm, class Prepare>
DEVICE void multiply_tiles(LinearSums<R, N>& shared, const LinearArguments& a, const u8* const (&tile_rows)[R],
                           Prepare prepare) {
  constexpr int U = linear_units(kForm, N) / R;
  const int lane = thread_index() % kWarp, warp = thread_index() / kWarp, warps = block_threads() / kWarp;
  const int units = a.columns / kUnitColumns;
  grid_release();
  float sums[R][N][4];
  UNROLL
  for (int r = 0; r < R; ++r) {
    UNROLL
    for (int i = 0; i < N * 4; ++i) sums[r][i / 4][i % 4] = 0;
  }
  const int each = (units + warps - 1) / warps, begin = warp * each;
  const int total = (begin + each < units ? begin + each : units) - begin;
  const u16* inputs[N];  // rows beyond the last read the last: their products are not used
  UNROLL
  for (int n = 0; n < N; ++n) {
    const int row = n * 8 + lane / 4;
    inputs[n] = a.inputs + static_cast<long>(row < a.count ? row : a.count - 1) * a.columns + lane % 4 * 8 +
                begin * kUnitColumns;
  }
  LaneSource<kForm> from[R];
  UNROLL
  for (int r = 0; r < R; ++r) from[r] = lane_source<kForm>(tile_rows[r], units, begin, lane);
  constexpr int S = linear_inputs(kForm, U, N);
  const bool has_norm = kNorm && a.squares != nullptr && warp < a.count;
  float squares = 0;
  for (int left = total; left > 0; left -= U) {
    LaneWeights<kForm> w[U][R];
    UNROLL
    for (int i = 0; i < U; ++i) {
      UNROLL
      for (int r = 0; r < R; ++r) {
        if (left > i) w[i][r] = load_unit<kForm>(from[r], i);
      }
    }
    if (left == total) {
      ask_ahead(a.ahead, block_index(), grid_blocks());
      grid_wait();
      if constexpr (N == 1) prepare();
    }
    UNROLL
    for (int i = 0; i < U; i += S) {
      Words4 x[S][N][2];
      UNROLL
      for (int k = 0; k < S && i + k < U; ++k) {
        if (left > i + k) load_inputs<N>(x[k], inputs, i + k);
      }
      if (N == 1 && i == 0 && left == total && has_norm) squares = partial_squares<4>(a, warp, lane);
      UNROLL
      for (int k = 0; k < S && i + k < U; ++k) {
        if (left > i + k) multiply_unit<kForm, R, N>(sums, w[i + k], x[k]);
      }
    }
    UNROLL
    for (int r = 0; r < R; ++r) from[r].advance(U);
    UNROLL
    for (int n = 0; n < N; ++n) inputs[n] += U * kUnitColumns;
  }
  if (total <= 0) {  // no unit for this warp
    grid_wait();
    if constexpr (N == 1) prepare();
    if (N == 1 && has_norm) squares = partial_squares<4>(a, warp, lane);
  }
  if constexpr (N > 1) {
    prepare();
    if (has_norm) squares = partial_squares<8>(a, warp, lane);
  }
  UNROLL
  for (int r = 0; r < R; ++r) {
    UNROLL
    for (int i = 0; i < N * 4; ++i) shared.of_warp[warp][(r * N * 4 + i) * 32 + lane] = sums[r][i / 4][i % 4];
  }
  if constexpr (kNorm) compute_norms(shared, a, squares, warp, warps, lane);
  sync_block();
}

template <int R, int N>
DEVICE void end_store(const LinearSums<R, N>& sums, const LinearArguments& a) {
  const int warps = block_threads() / kWarp;
  for (int i = thread_index(); i < a.count * R * kTileRows; i += block_threads()) {
    const int column = i / (R * kTileRows), local = i % (R * kTileRows), row = block_index() * R * kTileRows + local;
    if (row < a.rows) {
      const float sum = summed(sums, sum_index<N>(local / kTileRows, local % kTileRows, column), warps);
      a.output[static_cast<long>(column) * a.output_stride + row] =
          sum * sums.norm[column] + (a.bias != nullptr ? a.bias[row] : 0);
    }
  }
}

// What an output of the residual end needs besides its product.
struct ResidualBefore {
  float residual, norm;
};
template <int R>
DEVICE ResidualBefore load_residual(const LinearArguments& a, int i) {
  const int column = i / (R * kTileRows), row = block_index() * R * kTileRows + i % (R * kTileRows);
  if (column >= a.count || row >= a.rows) return {0, 0};
  const float bias = a.bias != nullptr ? a.bias[row] : 0;
  return {a.residual[static_cast<long>(column) * a.rows + row] + bias, a.next_norm[row]};
}

// `first` is load_residual of this thread's first output, on its way since before the barrier.
template <int R, int N>
DEVICE void end_residual(const LinearSums<R, N>& sums, const LinearArguments& a, const ResidualBefore& first) {
  const int warps = block_threads() / kWarp, elements = a.count * R * kTileRows;
  for (int i = thread_index(); i < (elements + kWarp - 1) / kWarp * kWarp; i += block_threads()) {  // whole warps
    const int column = i / (R * kTileRows), local = i % (R * kTileRows), row = block_index() * R * kTileRows + local;
    float square = 0;
    if (i < elements && row < a.rows) {
      const ResidualBefore before = i == thread_index() ? first : load_residual<R>(a, i);
      const float sum = summed(sums, sum_index<N>(local / kTileRows, local % kTileRows, column), warps);
      const long at = static_cast<long>(column) * a.rows + row;
      const float x = before.residual + sum;
      a.residual[at] = x;
      a.next_inputs[at] = static_cast<u16>(pack_bf16x2(x * before.norm, 0));
      square = x * x;
    }
    for (int mask = R * kTileRows / 2; mask > 0; mask >>= 1) square += shuffle_xor(square, mask);
    if (i < elements && local == 0) a.next_squares[static_cast<long>(column) * grid_blocks() + block_index()] = square;
  }
}

template <int R, int N>
DEVICE void end_gated(const LinearSums<R, N>& sums, const LinearArguments& a) {
  constexpr int kOutputs = R * kTileRows / 2;  // of the block
  const int warps = block_threads() / kWarp, outputs = a.rows / 2;
  for (int i = thread_index(); i < a.count * kOutputs; i += block_threads()) {
    const int column = i / kOutputs, local = i % kOutputs, row = block_index() * kOutputs + local;
    if (row < outputs) {
      const float gate = summed(sums, sum_index<N>(local / 8, local % 8, column), warps) * sums.norm[column];
      const float up = summed(sums, sum_index<N>(local / 8, local % 8 + 8, column), warps) * sums.norm[column];
      a.activated[static_cast<long>(column) * outputs + row] =
          static_cast<u16>(pack_bf16x2(gated(gate, a.gate) * up, 0));
    }
  }
}

// The block's tile rows: R neighbours, of which the last of the grid may lie beyond the matrix (then it reads the
// last).
template <WeightForm kForm, int R, int N, bool kNorm, class Prepare>
DEVICE void multiply_neighbours(LinearSums<R, N>& sums, const LinearArguments& a, Prepare prepare) {
  const u8* tile_rows[R];
  UNROLL
  for (int r = 0; r < R; ++r) {
    const int tile = block_index() * R + r, last = tile_rows_of(a.rows) - 1;
    tile_rows[r] = a.weights + (tile < last ? tile : last) * tile_row_bytes(kForm, a.columns);
  }
  multiply_tiles<kForm, R, N, kNorm>(sums, a, tile_rows, prepare);
}

template <WeightForm kForm, int R, int N>
DEVICE void linear_residual(LinearSums<R, N>& sums, const LinearArguments& a) {
  ResidualBefore first;
  multiply_neighbours<kForm, R, N, false>(sums, a, [&] { first = load_residual<R>(a, thread_index()); });
  end_residual<R, N>(sums, a, first);
}

}  // namespace estoc::gpu
