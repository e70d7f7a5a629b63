// The primitives that kernels are written in. One kernel source, three worlds:
//   NVPTX   clang-19 (no toolkit headers) or nvcc: source/nvptx.h
//   CPU     any C++20 compiler, one fiber a thread: source/emulate.h, which checks what the hardware would punish
//   AMDGCN  clang-19 without ROCm: source/amdgcn.h. A wave may have 64 lanes; a warp has 32 threads everywhere, and
//           source/amd_wave.h says how one lies in a wave. kIsAmd says which world
//
// A kernel is KERNEL(threads_max, blocks_min, name, (arguments)) { ... }: an extern "C" function, in the emulator also
// an entry of its table. Shared memory: SHARED(name, type) declares one object of the block, DYNAMIC_SHARED(name) the
// block's dynamic bytes, 1024-aligned. DEVICE marks functions, INLINE a long lambda (behind its parameters), UNROLL and
// NO_UNROLL the loop that follows.
//
//   thread_index() block_index() block_index_y() block_threads() grid_blocks()   positions; one-dimensional blocks
//   sync_block() sync_warp() sync_named(id, threads)              barriers of the block, the warp, some warps
//   shuffle_xor(x, mask) shuffle_from(x, lane)                    float or u32, whole warp; shuffle_from float only
//   transpose_8x8(x)                lane 4g+t holds elements (g, 2t), (g, 2t+1) of a matrix of 16-bit values; so it
//   does of
//                                   the transposed matrix afterwards
//   load_stream<T>(p)               2, 4, 8 or 16 bytes that are read once (weights). Stays before grid_wait where
//   written
//                                   there: ptxas moves read-only-path loads past it, plain ones not
//   load_words4(p)                  16 bytes that others may read too, where written
//   prefetch_l2(p, bytes)           asks for what is read later: 16-byte aligned, whole 16 bytes; a hint (Hopper)
//   mma_bf16(d, a, b0, b1)          d[16x8] += a[16x16] b[16x8], fragments as in PTX mma.m16n8k16
//   and_or(x, mask, bits)           (x & mask) | bits as one instruction
//   fma_bf16x2(a, b, c) pack_bf16x2(low, high)                    pairs of bf16 in a word
//   bits_to_f32 f32_to_bits f16_to_f32 f32_to_f16                 bits in the low half of a word
//   rsqrt_fast exp2_fast log2_fast reciprocal_fast                approximate
//   grid_wait() grid_release()      programmatic dependent launch: wait for the launch before; let the next one start.
//                                   Every block must wait before it touches what an earlier launch wrote or still reads
//   fence_device() atomic_add(p, v)                               order and count across blocks
//   atomic_add_shared(p, v)         u32 or u64 in shared memory
//   cluster_rank() cluster_blocks() of the blocks that run together (LaunchShape::cluster); 0 and 1 without, and before
//                                   Hopper
//   cluster_arrive() cluster_wait() barrier of all threads of a cluster, in two halves. No block may touch another's
//                                   shared memory before the first, nor end while another may touch its own
//   store_cluster(p, rank, v)       four floats to that place of another block's shared memory
//   store_host(p, v)                to mapped host memory, after all of this thread's earlier stores
//
// Hopper (compiled where HAS_HOPPER is defined; the emulator always has them):
//   barrier_init(b, count) barrier_fence() barrier_expect(b, bytes) barrier_arrive(b) barrier_wait(b, phase)   mbarrier
//   bulk_load(to, from, bytes, b)   one-dimensional asynchronous copy to shared memory, 16-byte aligned
//   bulk_load_cluster(to, from, bytes, b, ranks)   the same to that place of every block of the cluster whose bit is in
//                                   `ranks`, each told at its own b
//   barrier_arrive_cluster(b, rank) barrier_arrive at that place of another block
//   fence_async()                   ordinary stores to shared memory before what reads it asynchronously
//   wgmma (HAS_WGMMA): wgmma_fence() wgmma_commit() wgmma_wait<left>() and
//     wgmma_bf16<N>(d, a, b, adds)  a warpgroup's d[64 x N] = (adds: +=) A[64 x 16] B[16 x N], asynchronous; b, and a
//                                   unless it is a fragment of four registers, from tile_descriptor(p, leading, stride,
//                                   swizzle). Second template argument: B lies with N as the inner side, in cores of
//                                   8 x 8, `leading` bytes apart along K, `stride` along N
//     wgmma_hold(x)                 sums or fragments, after the wait: what reads or writes x stays behind it; before
//                                   it: what makes x stays before it
//                                   A fragment belongs to its product until the wait for it: whoever makes the next one
//                                   meanwhile makes it in another array, and two arrays taken in turn need a loop
//                                   unrolled by two, or the compiler copies one onto the other. The emulator compares
//                                   fragments at the wait; the SASS has to show two sets of registers
//     wgmma_before_wait(p, x, never)   x is known before the wait that follows (ptxas moves a wait up, past whatever
//     needs
//                                   no product): a store to shared memory p for the case that x is `never`
//   registers_take<n>() registers_give<n>()                        setmaxnreg
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {
inline constexpr int kWarp = 32;
enum class Swizzle : u32 { none = 0, bytes128 = 1 };
}  // namespace estoc::gpu

#if defined(__HIP__)
#include "gpu/source/amdgcn.h"
#elif defined(__CUDACC__) || defined(__CUDA__)
#include "gpu/source/nvptx.h"
#else
#include "gpu/source/emulate.h"
#endif
