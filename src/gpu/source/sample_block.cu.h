// What a block does together when it samples: reductions, running sums and sorting of 64-bit numbers in shared memory.
// All threads of a block of kSampleThreads call these; each ends with a barrier, so that its scratch may be used again.
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/sample.h"

namespace estoc::gpu {

DEVICE u64 shuffle_xor_u64(u64 x, int mask) {
  const u32 low = shuffle_xor(static_cast<u32>(x), mask), high = shuffle_xor(static_cast<u32>(x >> 32), mask);
  return low | static_cast<u64>(high) << 32;
}

DEVICE u64 warp_sum(u64 x) {
  for (int mask = 16; mask > 0; mask >>= 1) x += shuffle_xor_u64(x, mask);
  return x;
}

// `op` of all threads' numbers, which may come in any order.
template <class Op>
DEVICE u64 block_reduce(u64 (&part)[kSampleThreads / kWarp], u64 x, Op op) {
  for (int mask = 16; mask > 0; mask >>= 1) x = op(x, shuffle_xor_u64(x, mask));
  if (thread_index() % kWarp == 0) part[thread_index() / kWarp] = x;
  sync_block();
  x = part[0];
  UNROLL
  for (int w = 1; w < kSampleThreads / kWarp; ++w) x = op(x, part[w]);
  sync_block();
  return x;
}
DEVICE u64 block_sum(u64 (&part)[kSampleThreads / kWarp], u64 x) {
  return block_reduce(part, x, [](u64 a, u64 b) { return a + b; });
}
DEVICE u64 block_max(u64 (&part)[kSampleThreads / kWarp], u64 x) {
  return block_reduce(part, x, [](u64 a, u64 b) { return a > b ? a : b; });
}
DEVICE u64 block_min(u64 (&part)[kSampleThreads / kWarp], u64 x) {
  return block_reduce(part, x, [](u64 a, u64 b) { return a < b ? a : b; });
}

// The sum of the numbers of the threads up to this one, and of all.
struct RunningSum {
  u64 up_to, all;
};
DEVICE RunningSum block_running_sum(u64 (&scan)[kSampleThreads], u64 (&part)[kSampleThreads / kWarp], u64 x) {
  const int i = thread_index(), lane = i % kWarp;
  scan[i] = x;
  sync_warp();
  NO_UNROLL
  for (int step = 1; step < kWarp; step *= 2) {
    const u64 before = lane >= step ? scan[i - step] : 0;
    sync_warp();
    x += before;
    scan[i] = x;
    sync_warp();
  }
  if (lane == kWarp - 1) part[i / kWarp] = x;
  sync_block();
  RunningSum sum = {x, 0};
  UNROLL
  for (int w = 0; w < kSampleThreads / kWarp; ++w) {
    sum.up_to += w < i / kWarp ? part[w] : 0;
    sum.all += part[w];
  }
  sync_block();
  return sum;
}

// Descending, the `count` first of `list`; those behind them, up to a power of two, are zeroed.
template <int kCapacity>
DEVICE void block_sort(u64 (&list)[kCapacity], int count) {
  int size = 1;
  while (size < count) size *= 2;
  for (int i = count + thread_index(); i < size; i += kSampleThreads) list[i] = 0;
  sync_block();
  NO_UNROLL
  for (int run = 2; run <= size; run *= 2) {
    for (int distance = run / 2; distance > 0; distance /= 2) {
      NO_UNROLL
      for (int i = thread_index(); i < size / 2; i += kSampleThreads) {
        const int low = i / distance * distance * 2 + i % distance, high = low + distance;
        const u64 a = list[low], b = list[high];
        const bool is_descending = (low & run) == 0;
        if ((a < b) == is_descending) {
          list[low] = b;
          list[high] = a;
        }
      }
      sync_block();
    }
  }
}

}  // namespace estoc::gpu
