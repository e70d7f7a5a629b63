// The primitives of device.h for AMD cards, by clang's builtins. Needs no header and no library of ROCm.
//
// Waves have 64 or 32 lanes, a warp 32 threads: amd_wave.h says which lane is which thread. Where a thread has two
// lanes (kTwins) a block is launched with twice its threads (Device::launch does), and what must happen once, atomics,
// only the first twin does. There are no programmatic launches, clusters, bulk copies or named barriers: sync_named is
// the barrier of the whole block, so that all its warps that have not ended must come to it equally often.
#pragma once

#include "gpu/source/amd_wave.h"
#include "gpu/source/types.h"

#define INLINE __attribute__((always_inline))
#define DEVICE __attribute__((device)) inline __attribute__((always_inline))
// The number of blocks that are to fit beside each other is left to the compiler.
#define KERNEL(threads_max, blocks_min, name, arguments) \
  extern "C" __attribute__((global))                     \
  __attribute__((amdgpu_flat_work_group_size(1, (threads_max) * ::estoc::gpu::kTwins))) void name arguments
#define ESTOC_SHARED __attribute__((shared))
#define SHARED(name, ...)          \
  using name##_type = __VA_ARGS__; \
  ESTOC_SHARED name##_type name
#define DYNAMIC_SHARED(name) extern ESTOC_SHARED __attribute__((aligned(1024))) u8 name[]
#define UNROLL _Pragma("unroll")
#define NO_UNROLL _Pragma("unroll 1")
#if defined(__gfx90a__) || defined(__gfx942__)
#define HAS_MFMA 1
#elif defined(__gfx1100__)
#define HAS_WMMA11 1
#elif defined(__gfx1201__)
#define HAS_WMMA12 1
#elif defined(__HIP_DEVICE_COMPILE__)
#error "no matrix instruction is chosen for this target"
#endif

namespace estoc::gpu {

#if defined(HAS_MFMA)
inline constexpr int kTwins = 2;
#else
inline constexpr int kTwins = 1;
#endif
inline constexpr int kWaveLanes = kWarp * kTwins;
inline constexpr bool kIsAmd = true;

DEVICE float bits_to_f32(u32 bits) { return __builtin_bit_cast(float, bits); }
DEVICE u32 f32_to_bits(float x) { return __builtin_bit_cast(u32, x); }

// The wave's number is the same in all lanes; said so, branches and addresses that follow from it cost nothing.
DEVICE int wave_lane() { return static_cast<int>(__builtin_amdgcn_workitem_id_x() % kWaveLanes); }
DEVICE int thread_index() {
  const int wave = __builtin_amdgcn_readfirstlane(static_cast<int>(__builtin_amdgcn_workitem_id_x() / kWaveLanes));
  const int thread = kTwins == 2 ? wave64_thread(wave_lane()) : wave32_thread(wave_lane());
  return (wave & 31) * kWarp | thread;
}
DEVICE int block_index() { return static_cast<int>(__builtin_amdgcn_workgroup_id_x()); }
DEVICE int block_index_y() { return static_cast<int>(__builtin_amdgcn_workgroup_id_y()); }
DEVICE int block_threads() { return static_cast<int>(__builtin_amdgcn_workgroup_size_x()) / kTwins; }
DEVICE int grid_blocks() {  // the first of what the driver passes behind a kernel's arguments
  return *(const int __attribute__((address_space(4)))*)__builtin_amdgcn_implicitarg_ptr();
}

DEVICE void sync_block() {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
  __builtin_amdgcn_s_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}
DEVICE void sync_warp() {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "wavefront");
  __builtin_amdgcn_wave_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "wavefront");
}
DEVICE void sync_named(int, int) { sync_block(); }

DEVICE u32 from_lane(u32 x, int lane) {
  return static_cast<u32>(__builtin_amdgcn_ds_bpermute(lane * 4, static_cast<int>(x)));
}
// The lane of a thread of this warp: of both its twins the one that this lane is.
DEVICE int lane_of(int thread) {
  return kTwins == 2 ? wave64_lane(thread & (kWarp - 1), wave64_twin(wave_lane())) : wave32_lane(thread & (kWarp - 1));
}
DEVICE u32 shuffle_xor(u32 x, int mask) {
  return from_lane(x, kTwins == 2 ? wave64_xor(wave_lane(), mask) : wave32_xor(wave_lane(), mask));
}
DEVICE float shuffle_xor(float x, int mask) { return bits_to_f32(shuffle_xor(f32_to_bits(x), mask)); }
DEVICE float shuffle_from(float x, int thread) { return bits_to_f32(from_lane(f32_to_bits(x), lane_of(thread))); }
DEVICE u32 word_from(u32 x, int thread) { return from_lane(x, lane_of(thread)); }
// The value of x in the lane whose number differs by one bit: this thread's other twin, thread t ^ 1, thread t ^ 2.
#if defined(HAS_MFMA)
DEVICE u32 other_twin(u32 x) {
  return static_cast<u32>(__builtin_amdgcn_mov_dpp(static_cast<int>(x), 0x4e, 15, 15, true));
}
#else
DEVICE u32 shuffle_next(u32 x) {
  return static_cast<u32>(__builtin_amdgcn_mov_dpp(static_cast<int>(x), 0xb1, 15, 15, true));
}
DEVICE u32 shuffle_second(u32 x) { return __builtin_amdgcn_permlanex16(x, x, 0x76543210u, 0xfedcba98u, true, false); }
#endif

}  // namespace estoc::gpu

#include "gpu/source/amd_matrix.h"

namespace estoc::gpu {

DEVICE u32 transpose_8x8(u32 x) { return transpose_by_threads(x, thread_index() % kWarp / 4, thread_index() % 4); }

template <class T>
DEVICE T load_stream(const void* p) {
  using Vector = u32 __attribute__((ext_vector_type(sizeof(T) / 4)));
  const auto* at = (const Vector __attribute__((address_space(1)))*)p;
  return __builtin_bit_cast(T, __builtin_nontemporal_load(at));
}
template <>
DEVICE u16 load_stream<u16>(const void* p) {
  return __builtin_nontemporal_load((const u16 __attribute__((address_space(1)))*)p);
}
DEVICE Words4 load_words4(const void* p) {
  using Vector = u32 __attribute__((ext_vector_type(4)));
  return __builtin_bit_cast(Words4, *(const Vector __attribute__((address_space(1)))*)p);
}

// Stand around a product. An instruction that ignores which lanes are switched off must not be reached with none: the
// compiler keeps the branch around a block with inline assembly in it, however short. And nothing of a product is made
// ahead or left for later, nor kept for the next with the same operand: registers would not suffice.
DEVICE void begin_product(u32& b0, u32& b1) {
  asm volatile("" : "+v"(b0), "+v"(b1));
  __builtin_amdgcn_sched_barrier(0);
}
DEVICE void end_product(float (&d)[4]) { asm volatile("" : "+v"(d[0]), "+v"(d[1]), "+v"(d[2]), "+v"(d[3])); }

#if defined(HAS_MFMA)
DEVICE void mma_bf16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  using Words = short __attribute__((ext_vector_type(4)));
  using Floats = float __attribute__((ext_vector_type(4)));
  const int twin = wave64_twin(wave_lane());
  begin_product(b0, b1);
  u32 rows[2];
  mfma_rows(rows, a, twin);
  const Words left = __builtin_bit_cast(Words, Words2{{b0, b1}});
  const Words right = __builtin_bit_cast(Words, Words2{{rows[0], rows[1]}});
  const Floats results = __builtin_amdgcn_mfma_f32_16x16x16bf16_1k(left, right, Floats{0, 0, 0, 0}, 0, 0, 0);
  const float own[2] = {results[0], results[1]};
  const float other[2] = {bits_to_f32(other_twin(f32_to_bits(own[0]))), bits_to_f32(other_twin(f32_to_bits(own[1])))};
  mfma_add(d, own, other, twin);
  end_product(d);
}
#else
DEVICE void mma_bf16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  using Floats = float __attribute__((ext_vector_type(8)));
  const int t = thread_index() % 4;
  begin_product(b0, b1);
  u32 rows[4], columns[4];
  wmma_rows(rows, a, t);
  wmma_columns(columns, b0, b1, t);
  float results[8], mine[4];
#if defined(HAS_WMMA11)
  using Words = short __attribute__((ext_vector_type(16)));
  struct Whole {
    u32 v[8];
  } left, right;
  wmma_whole(left.v, columns, t);
  wmma_whole(right.v, rows, t);
  const Floats sums = __builtin_amdgcn_wmma_f32_16x16x16_bf16_w32(__builtin_bit_cast(Words, left),
                                                                  __builtin_bit_cast(Words, right), Floats{});
#else
  using Words = short __attribute__((ext_vector_type(8)));
  const Words4 left{{columns[0], columns[1], columns[2], columns[3]}}, right{{rows[0], rows[1], rows[2], rows[3]}};
  const Floats sums = __builtin_amdgcn_wmma_f32_16x16x16_bf16_w32_gfx12(__builtin_bit_cast(Words, left),
                                                                        __builtin_bit_cast(Words, right), Floats{});
#endif
  UNROLL
  for (int i = 0; i < 8; ++i) results[i] = sums[i];
#if defined(HAS_WMMA11)
  wmma11_results(mine, results, t);
#else
  wmma12_results(mine, results);
#endif
  wmma_add(d, mine, t);
  end_product(d);
}
#endif

DEVICE u32 and_or(u32 x, u32 mask, u32 bits) { return (x & mask) | bits; }
// The upper halves of two words: two f32 cut to bf16.
DEVICE u32 upper_halves(u32 low, u32 high) { return __builtin_amdgcn_perm(high, low, 0x07060302u); }
DEVICE u32 rounded_to_bf16(float x) {  // in the upper half
  const u32 bits = f32_to_bits(x);
  return x != x ? 0x7fff0000u : bits + 0x7fff + (bits >> 16 & 1);
}
DEVICE u32 pack_bf16x2(float low, float high) { return upper_halves(rounded_to_bf16(low), rounded_to_bf16(high)); }
DEVICE u32 fma_bf16x2(u32 a, u32 b, u32 c) {
  const float low = __builtin_fmaf(bits_to_f32(a << 16), bits_to_f32(b << 16), bits_to_f32(c << 16));
  const float high =
      __builtin_fmaf(bits_to_f32(a & 0xffff0000u), bits_to_f32(b & 0xffff0000u), bits_to_f32(c & 0xffff0000u));
  return pack_bf16x2(low, high);
}
DEVICE float f16_to_f32(u32 bits) { return static_cast<float>(__builtin_bit_cast(_Float16, static_cast<u16>(bits))); }
DEVICE u32 f32_to_f16(float x) { return __builtin_bit_cast(u16, static_cast<_Float16>(x)); }
DEVICE float rsqrt_fast(float x) { return __builtin_amdgcn_rsqf(x); }
DEVICE float exp2_fast(float x) { return __builtin_amdgcn_exp2f(x); }
DEVICE float log2_fast(float x) { return __builtin_amdgcn_logf(x); }
DEVICE float reciprocal_fast(float x) { return __builtin_amdgcn_rcpf(x); }

// What another block has just written, as others see it (scope of the device).
DEVICE void load_f32x4(float (&v)[4], const float* p) {
  UNROLL
  for (int i = 0; i < 4; ++i) {
    v[i] = bits_to_f32(__hip_atomic_load((const u32 __attribute__((address_space(1)))*)p + i, __ATOMIC_RELAXED,
                                         __HIP_MEMORY_SCOPE_AGENT));
  }
}
DEVICE void store_f32x4(float* p, const float* v) {
  using Vector = float __attribute__((ext_vector_type(4)));
  *(Vector __attribute__((address_space(1)))*)p = Vector{v[0], v[1], v[2], v[3]};
}
DEVICE void fence_device() { __builtin_amdgcn_fence(__ATOMIC_ACQ_REL, "agent"); }

// What `add` returns to a thread's first twin, in both.
template <class T, class Add>
DEVICE T once(Add add) {
  if constexpr (kTwins == 1) return add();
  T before = 0;
  if (wave64_twin(wave_lane()) == 0) before = add();
  const int first = wave_lane() & ~2;
  if constexpr (sizeof(T) == 4) return from_lane(before, first);
  return from_lane(static_cast<u32>(before), first) |
         static_cast<T>(from_lane(static_cast<u32>(static_cast<u64>(before) >> 32), first)) << (sizeof(T) * 4);
}
DEVICE u32 atomic_add(u32* p, u32 v) {
  return once<u32>([&]() INLINE { return __hip_atomic_fetch_add(p, v, __ATOMIC_ACQ_REL, __HIP_MEMORY_SCOPE_AGENT); });
}
DEVICE u32 atomic_add_shared(u32* p, u32 v) {
  return once<u32>([&]()
                       INLINE { return __hip_atomic_fetch_add(p, v, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_WORKGROUP); });
}
DEVICE u64 atomic_add_shared(u64* p, u64 v) {
  return once<u64>([&]()
                       INLINE { return __hip_atomic_fetch_add(p, v, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_WORKGROUP); });
}
DEVICE void store_host(u32* p, u32 v) {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "");
  __hip_atomic_store(p, v, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_SYSTEM);
}

DEVICE int cluster_rank() { return 0; }
DEVICE int cluster_blocks() { return 1; }
DEVICE void cluster_arrive() {}
DEVICE void cluster_wait() {}
DEVICE void store_cluster(float* p, int, const float (&v)[4]) {
  UNROLL
  for (int i = 0; i < 4; ++i) p[i] = v[i];
}
DEVICE void grid_wait() {}
DEVICE void grid_release() {}
DEVICE void prefetch_l2(const void*, u32) {}

}  // namespace estoc::gpu
