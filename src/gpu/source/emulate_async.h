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
inline void fence_async() {}

template <int kCount>
void registers_take() {}
template <int kCount>
void registers_give() {}
inline void wgmma_fence() {}
inline void wgmma_commit() {}
template <int kLeft>
void wgmma_wait() {}

inline u64 tile_descriptor(const void* p, u32 leading, u32 stride, Swizzle swizzle) {
  return static_cast<u64>((shared_address(p) & 0x3FFFF) >> 4) | static_cast<u64>(leading >> 4) << 16 |
         static_cast<u64>(stride >> 4) << 32 | static_cast<u64>(swizzle) << 62;
}

// Element (row, k) of what a descriptor means: 8-row groups `stride` apart; in a group either cores of 8 rows x 16
// bytes `leading` apart along K, or rows of 128 bytes whose 16-byte pieces are permuted by the row.
inline float described_bf16(u64 descriptor, int row, int k) {
  const u32 start = static_cast<u32>(descriptor & 0x3fff) << 4;
  const u32 leading = static_cast<u32>(descriptor >> 16 & 0x3fff) << 4;
  const u32 stride = static_cast<u32>(descriptor >> 32 & 0x3fff) << 4;
  u32 at = start + static_cast<u32>(row / 8) * stride;
  if (static_cast<Swizzle>(descriptor >> 62) == Swizzle::bytes128) {
    at += static_cast<u32>(row % 8 * 128 + k * 2);
    at ^= (at >> 7 & 7) << 4;
  } else {
    at += static_cast<u32>(k / 8) * leading + static_cast<u32>(row % 8 * 16 + k % 8 * 2);
  }
  u16 bits;
  std::memcpy(&bits, emulated_block().at(at), 2);
  return bits_to_f32(static_cast<u32>(bits) << 16);
}

// Each lane computes its own elements: row 16 w + g (+ 8), columns 8 j + 2 t, + 1.
template <int N>
void wgmma_bf16(float (&d)[N / 2], u64 a, u64 b) {
  const int thread = thread_index() % 128;
  const int row0 = thread / 32 * 16 + thread % 32 / 4, column0 = thread % 4 * 2;
  for (int i = 0; i < N / 2; ++i) {
    const int row = row0 + i % 4 / 2 * 8, column = i / 4 * 8 + column0 + i % 2;
    float sum = 0;
    for (int k = 0; k < 16; ++k) sum += described_bf16(a, row, k) * described_bf16(b, column, k);
    d[i] += sum;
  }
}

}  // namespace estoc::gpu
