// The primitives of device.h on the CPU: a fiber a GPU thread, defined by what the instruction set says they do.
//
// Stricter than the hardware where that finds mistakes: misaligned accesses and wrong byte counts end the launch with a
// sentence, shared memory begins as NaN in every block, the fibers' order comes from a seed. Looser in what it cannot
// show: speed, orders of memory between proxies, the rounding of approximate instructions.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "gpu/emulated_kernel.h"
#include "gpu/fibers.h"
#include "gpu/source/types.h"
#include "quant/half.h"

#define DEVICE inline
#define INLINE
#define KERNEL(threads_max, blocks_min, name, arguments)                                                           \
  extern "C" void name arguments;                                                                                  \
  static const ::estoc::gpu::EmulatedKernel name##_entry{#name, ::estoc::gpu::EmulatedCall<&name>::call,           \
                                                         ::estoc::gpu::EmulatedCall<&name>::sizes(), threads_max}; \
  extern "C" void name arguments
#define SHARED(name, ...)                                            \
  using name##_type = __VA_ARGS__;                                   \
  static thread_local ::estoc::gpu::EmulatedBlock::Object name##_at; \
  name##_type& name = *static_cast<name##_type*>(::estoc::gpu::emulated_block().object(name##_at, sizeof(name##_type)))
#define DYNAMIC_SHARED(name) \
  ::estoc::gpu::u8* name = static_cast<::estoc::gpu::u8*>(::estoc::gpu::emulated_block().dynamic())
#define UNROLL
#define NO_UNROLL
#define IS_EMULATED 1
#define HAS_HOPPER 1
#define HAS_WGMMA 1

namespace estoc::gpu {

inline constexpr bool kIsAmd = false;

inline int thread_index() { return fibers::thread_index(); }
inline int block_index() { return emulated_block().x; }
inline int block_index_y() { return emulated_block().y; }
inline int block_threads() { return emulated_block().threads; }
inline int grid_blocks() { return emulated_block().grid_x; }
inline int cluster_rank() { return fibers::block_rank(); }
inline int cluster_blocks() { return fibers::cluster_blocks(); }

inline void sync_block() { fibers::block_barrier(); }
inline void sync_warp() { fibers::warp_barrier(); }
inline void sync_named(int id, int threads) {
  if (emulated_block().card != EmulatedCard::hopper) return fibers::block_barrier();  // as amdgcn.h has it
  fibers::named_barrier(id, threads);
}
inline void cluster_arrive() { fibers::cluster_arrive(); }
inline void cluster_wait() { fibers::cluster_wait(); }

// Every lane of the warp hands in a value and sees all 32.
template <class T, class Read>
auto exchange(const T& value, Read read) {
  static_assert(sizeof(T) * kWarp <= fibers::kWarpBytes);
  T* all = static_cast<T*>(fibers::warp_buffer());
  all[thread_index() % kWarp] = value;
  fibers::warp_barrier();
  const auto result = read(static_cast<const T*>(all));
  fibers::warp_barrier();
  return result;
}

template <class T>
T shuffle_xor(T x, int mask) {
  return exchange(x, [&](const T* all) { return all[(thread_index() % kWarp) ^ mask]; });
}
inline float shuffle_from(float x, int lane) {
  return exchange(x, [&](const float* all) { return all[lane & (kWarp - 1)]; });
}
inline u32 word_from(u32 x, int thread) {
  return exchange(x, [&](const u32* all) { return all[thread & (kWarp - 1)]; });
}
inline u32 transpose_of_warp(u32 x) {
  const int g = thread_index() % kWarp / 4, t = thread_index() % 4;
  return exchange(x, [&](const u32* all) {
    auto element = [&](int row, int column) { return all[row * 4 + column / 2] >> column % 2 * 16 & 0xffff; };
    return element(2 * t, g) | element(2 * t + 1, g) << 16;
  });
}

inline void require_aligned(const void* p, size_t bytes, const char* what) {
  if (reinterpret_cast<uintptr_t>(p) % bytes != 0) fibers::fault(std::string(what) + " of a misaligned address");
}
template <class T>
T load_stream(const void* p) {
  require_aligned(p, sizeof(T), "load");
  T r;
  std::memcpy(&r, p, sizeof(T));
  return r;
}

inline Words4 load_words4(const void* p) { return load_stream<Words4>(p); }

inline float bits_to_f32(u32 bits) { return std::bit_cast<float>(bits); }
inline u32 f32_to_bits(float x) { return std::bit_cast<u32>(x); }
inline float emulated_bf16(u32 word, int half) { return bits_to_f32(half != 0 ? word & 0xffff0000u : word << 16); }
inline u32 emulated_to_bf16(float x) {
  const u32 bits = f32_to_bits(x);
  return x != x ? 0x7fffu : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}
inline u32 pack_bf16x2(float low, float high) { return emulated_to_bf16(low) | emulated_to_bf16(high) << 16; }
inline u32 and_or(u32 x, u32 mask, u32 bits) { return (x & mask) | bits; }
inline u32 fma_bf16x2(u32 a, u32 b, u32 c) {
  auto one = [&](int h) { return std::fma(emulated_bf16(a, h), emulated_bf16(b, h), emulated_bf16(c, h)); };
  return pack_bf16x2(one(0), one(1));
}
inline float f16_to_f32(u32 bits) { return ::estoc::f16_to_f32(static_cast<uint16_t>(bits)); }
inline u32 f32_to_f16(float x) { return ::estoc::f32_to_f16(x); }
inline float rsqrt_fast(float x) { return 1 / std::sqrt(x); }
inline float exp2_fast(float x) { return std::exp2(x); }
inline float log2_fast(float x) { return std::log2(x); }
inline float reciprocal_fast(float x) { return 1 / x; }

inline void mma_of_warp(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  struct Fragment {
    u32 a[4], b[2];
  };
  const Fragment mine{{a[0], a[1], a[2], a[3]}, {b0, b1}};
  const int lane = thread_index() % kWarp;
  exchange(mine, [&](const Fragment* all) {
    for (int e = 0; e < 4; ++e) {
      const int row = lane / 4 + 8 * (e / 2), column = 2 * (lane % 4) + e % 2;
      float sum = 0;
      for (int k = 0; k < 16; ++k) {
        const u32 left = all[row % 8 * 4 + k % 8 / 2].a[row / 8 + 2 * (k / 8)];
        const u32 right = all[column * 4 + k % 8 / 2].b[k / 8];
        sum += emulated_bf16(left, k % 2) * emulated_bf16(right, k % 2);
      }
      d[e] += sum;
    }
    return 0;
  });
}

inline void grid_wait() {}
inline void grid_release() {}
inline void load_f32x4(float (&v)[4], const float* p) {
  require_aligned(p, 16, "load");
  std::memcpy(v, p, 16);
}
inline void store_f32x4(float* p, const float* v) {
  require_aligned(p, 16, "store");
  std::memcpy(p, v, 16);
}
inline void prefetch_l2(const void* p, u32 bytes) {
  require_aligned(p, 16, "prefetch");
  if (bytes == 0 || bytes % 16 != 0) fibers::fault("a prefetch of bytes that are no multiple of 16");
  static_cast<void>(static_cast<const volatile u8*>(p)[bytes - 1]);  // a sanitizer sees when it lies outside
}
inline u32 shared_address(const void* p) { return emulated_block().address(p); }
inline void store_cluster(float* p, int rank, const float (&v)[4]) {
  require_aligned(p, 16, "store");
  std::memcpy(emulated_block().in_block(rank, p), v, 16);
}
inline void fence_device() {}
inline u32 atomic_add(u32* p, u32 v) {
  require_aligned(p, 4, "atomic add");
  const u32 before = *p;
  *p += v;
  return before;
}
template <class T>
T atomic_add_shared(T* p, T v) {
  require_aligned(p, sizeof(T), "atomic add");
  shared_address(p);  // faults outside
  const T before = *p;
  *p += v;
  return before;
}
inline void store_host(u32* p, u32 v) { *p = v; }

}  // namespace estoc::gpu

#include "gpu/source/emulate_amd.h"
#include "gpu/source/emulate_async.h"
