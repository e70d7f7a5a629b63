// The asynchronous primitives of device.h on the CPU: mbarrier, bulk copies (done at once, in the order they are
// started) and warpgroup products that read their operands through the descriptors.
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

// What lies in the 8 bytes of an mbarrier here. A phase ends when nobody is expected any more and no bytes are missing.
struct EmulatedBarrier {
  short expected, pending;
  int bytes_and_phase;  // twice the bytes that are missing, plus the phase's parity

  void settle() {
    if (pending != 0 || bytes_and_phase >> 1 != 0) return;
    pending = expected;
    bytes_and_phase ^= 1;
    fibers::progressed();
  }
};
inline EmulatedBarrier& emulated_barrier(u64* b) {
  require_aligned(b, 8, "barrier operation");
  return *reinterpret_cast<EmulatedBarrier*>(b);
}
inline void barrier_init(u64* b, u32 count) {
  if (emulated_block().card != EmulatedCard::hopper) fibers::fault("this card has no mbarrier");
  const auto n = static_cast<short>(count);
  emulated_barrier(b) = {n, n, 0};
}
inline void barrier_fence() {}
inline void barrier_expect(u64* b, u32 bytes) {
  EmulatedBarrier& barrier = emulated_barrier(b);
  barrier.bytes_and_phase += static_cast<int>(bytes) * 2;
  --barrier.pending;
  barrier.settle();
}
inline void barrier_arrive(u64* b) {
  EmulatedBarrier& barrier = emulated_barrier(b);
  if (barrier.pending == 0) fibers::fault("more arrivals at a barrier than it expects");
  --barrier.pending;
  barrier.settle();
}
inline void barrier_wait(u64* b, u32 phase) {
  const volatile EmulatedBarrier& barrier = emulated_barrier(b);
  while (static_cast<u32>(barrier.bytes_and_phase & 1) == phase) fibers::yield();
}
inline void bulk_load(void* to, const void* from, u32 bytes, u64* b) {
  if (bytes % 16 != 0) fibers::fault("a bulk copy of bytes that are no multiple of 16");
  require_aligned(from, 16, "bulk copy");
  if (shared_address(to) % 16 != 0) fibers::fault("bulk copy to a misaligned address");
  std::memcpy(to, from, bytes);
  EmulatedBarrier& barrier = emulated_barrier(b);
  barrier.bytes_and_phase -= static_cast<int>(bytes) * 2;
  barrier.settle();
}
inline void barrier_arrive_cluster(u64* b, int rank) {
  barrier_arrive(static_cast<u64*>(emulated_block().in_block(rank, b)));
}
inline void bulk_load_cluster(void* to, const void* from, u32 bytes, u64* b, u32 ranks) {
  if (ranks == 0 || ranks >> cluster_blocks() != 0) fibers::fault("a bulk copy to blocks that the cluster has not");
  if (bytes % 16 != 0) fibers::fault("a bulk copy of bytes that are no multiple of 16");
  require_aligned(from, 16, "bulk copy");
  if (shared_address(to) % 16 != 0) fibers::fault("bulk copy to a misaligned address");
  for (int rank = 0; rank < cluster_blocks(); ++rank) {
    if ((ranks >> rank & 1) == 0) continue;
    std::memcpy(emulated_block().in_block(rank, to), from, bytes);
    EmulatedBarrier& barrier = emulated_barrier(static_cast<u64*>(emulated_block().in_block(rank, b)));
    barrier.bytes_and_phase -= static_cast<int>(bytes) * 2;
    barrier.settle();
  }
}
inline void store_shared(void* p, const Words4& w) {
  require_aligned(p, 16, "store");
  std::memcpy(p, &w, sizeof(w));
}
inline void fence_async() {}

template <int kCount>
void registers_take() {}
template <int kCount>
void registers_give() {}
inline void wgmma_fence() {}
inline void wgmma_commit() { emulated_block().products_committed(); }
// The warp waits as one: what a lane does behind it finds that all of them have read their operands.
template <int kLeft>
void wgmma_wait() {
  fibers::warp_barrier();
  emulated_block().products_done(kLeft);
}
template <int kCount>
void wgmma_hold(float (&)[kCount]) {}
template <int kSteps>
void wgmma_hold(u32 (&)[kSteps][4]) {}

inline void wgmma_before_wait(void*, float x, float never) {
  if (x == never) fibers::fault("what never happens before a wait has happened");
}

inline u64 tile_descriptor(const void* p, u32 leading, u32 stride, Swizzle swizzle) {
  return static_cast<u64>((shared_address(p) & 0x3FFFF) >> 4) | static_cast<u64>(leading >> 4) << 16 |
         static_cast<u64>(stride >> 4) << 32 | static_cast<u64>(swizzle) << 62;
}

// Element (row, k) of what a descriptor means: 8-row groups `stride` apart; in a group either cores of 8 rows x 16
// bytes `leading` apart along K, or rows of 128 bytes whose 16-byte pieces are permuted by the row. Transposed: cores
// of 8 k x 16 bytes along the rows.
inline float described_bf16(u64 descriptor, int row, int k, bool is_transposed) {
  const u32 start = static_cast<u32>(descriptor & 0x3fff) << 4;
  const u32 leading = static_cast<u32>(descriptor >> 16 & 0x3fff) << 4;
  const u32 stride = static_cast<u32>(descriptor >> 32 & 0x3fff) << 4;
  u32 at = start + static_cast<u32>(row / 8) * stride;
  if (static_cast<Swizzle>(descriptor >> 62) == Swizzle::bytes128) {
    if (is_transposed) fibers::fault("a transposed operand with a swizzle is not emulated");
    at += static_cast<u32>(row % 8 * 128 + k * 2);
    at ^= (at >> 7 & 7) << 4;
  } else {
    const int outer = is_transposed ? k % 8 : row % 8, inner = is_transposed ? row % 8 : k % 8;
    at += static_cast<u32>(k / 8) * leading + static_cast<u32>(outer * 16 + inner * 2);
  }
  u16 bits;
  std::memcpy(&bits, emulated_block().at(at), 2);
  return bits_to_f32(static_cast<u32>(bits) << 16);
}

// Each lane computes its own elements: row 16 w + g (+ 8), columns 8 j + 2 t, + 1. `left` is its two rows of A.
template <int N, bool kTransposed>
void wgmma_multiply(float (&d)[N / 2], const float (&left)[2][16], u64 b, bool adds) {
  const int column0 = thread_index() % 4 * 2;
  for (int i = 0; i < N / 2; ++i) {
    const int column = i / 4 * 8 + column0 + i % 2;
    float sum = 0;
    for (int k = 0; k < 16; ++k) sum += left[i % 4 / 2][k] * described_bf16(b, column, k, kTransposed);
    d[i] = (adds ? d[i] : 0) + sum;
  }
}
template <int N, bool kTransposed = false>
void wgmma_bf16(float (&d)[N / 2], u64 a, u64 b, bool adds = true) {
  const int thread = thread_index() % 128, row = thread / 32 * 16 + thread % 32 / 4;
  float left[2][16];
  for (int i = 0; i < 32; ++i) left[i / 16][i % 16] = described_bf16(a, row + i / 16 * 8, i % 16, false);
  wgmma_multiply<N, kTransposed>(d, left, b, adds);
}
template <int N, bool kTransposed = false>
void wgmma_bf16(float (&d)[N / 2], const u32 (&a)[4], u64 b, bool adds = true) {
  const Words4 mine{{a[0], a[1], a[2], a[3]}};
  const int g = thread_index() % kWarp / 4;
  float left[2][16];
  exchange(mine, [&](const Words4* all) {
    for (int i = 0; i < 32; ++i) {
      const int half = i / 16, k = i % 16;
      left[half][k] = emulated_bf16(all[g * 4 + k % 8 / 2].v[half + 2 * (k / 8)], k % 2);
    }
    return 0;
  });
  wgmma_multiply<N, kTransposed>(d, left, b, adds);
  emulated_block().product_began(a, 4);
}

}  // namespace estoc::gpu
