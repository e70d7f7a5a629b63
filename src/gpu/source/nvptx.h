// The primitives of device.h as NVPTX instructions. clang and nvcc both read it; neither needs a toolkit header.
#pragma once

#include "gpu/source/types.h"

#if defined(__clang__)
#define INLINE __attribute__((always_inline))
#define DEVICE __attribute__((device)) inline __attribute__((always_inline))
#define KERNEL(threads_max, blocks_min, name, arguments) \
  extern "C" __attribute__((global)) __attribute__((launch_bounds(threads_max, blocks_min))) void name arguments
#define ESTOC_SHARED __attribute__((shared))
#else
#define INLINE
#define DEVICE __device__ __forceinline__
#define KERNEL(threads_max, blocks_min, name, arguments) \
  extern "C" __global__ void __launch_bounds__(threads_max, blocks_min) name arguments
#define ESTOC_SHARED __shared__
#endif
#define SHARED(name, ...)          \
  using name##_type = __VA_ARGS__; \
  ESTOC_SHARED name##_type name
#define DYNAMIC_SHARED(name) extern ESTOC_SHARED __attribute__((aligned(1024))) u8 name[]
#define UNROLL _Pragma("unroll")
#define NO_UNROLL _Pragma("unroll 1")
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
#define HAS_HOPPER 1
#endif
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define HAS_WGMMA 1
#endif

namespace estoc::gpu {

inline constexpr bool kIsAmd = false;

DEVICE int thread_index() {
  int v;
  asm("mov.u32 %0, %%tid.x;" : "=r"(v));
  return v;
}
DEVICE int block_index() {
  int v;
  asm("mov.u32 %0, %%ctaid.x;" : "=r"(v));
  return v;
}
DEVICE int block_index_y() {
  int v;
  asm("mov.u32 %0, %%ctaid.y;" : "=r"(v));
  return v;
}
DEVICE int block_threads() {
  int v;
  asm("mov.u32 %0, %%ntid.x;" : "=r"(v));
  return v;
}
DEVICE int grid_blocks() {
  int v;
  asm("mov.u32 %0, %%nctaid.x;" : "=r"(v));
  return v;
}

#if defined(HAS_HOPPER)
DEVICE int cluster_rank() {
  int v;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(v));
  return v;
}
DEVICE int cluster_blocks() {
  int v;
  asm("mov.u32 %0, %%cluster_nctarank;" : "=r"(v));
  return v;
}
DEVICE void cluster_arrive() { asm volatile("barrier.cluster.arrive.release;" ::: "memory"); }
DEVICE void cluster_wait() { asm volatile("barrier.cluster.wait.acquire;" ::: "memory"); }
#else
DEVICE int cluster_rank() { return 0; }
DEVICE int cluster_blocks() { return 1; }
DEVICE void cluster_arrive() {}
DEVICE void cluster_wait() {}
#endif

DEVICE void sync_block() { asm volatile("bar.sync 0;" ::: "memory"); }
DEVICE void sync_warp() { asm volatile("bar.warp.sync -1;" ::: "memory"); }
DEVICE void sync_named(int id, int threads) { asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory"); }

DEVICE u32 shuffle_xor(u32 x, int mask) {
  u32 r;
  asm volatile("shfl.sync.bfly.b32 %0, %1, %2, 31, -1;" : "=r"(r) : "r"(x), "r"(mask));
  return r;
}
DEVICE float shuffle_xor(float x, int mask) {
  float r;
  asm volatile("shfl.sync.bfly.b32 %0, %1, %2, 31, -1;" : "=f"(r) : "f"(x), "r"(mask));
  return r;
}
DEVICE float shuffle_from(float x, int lane) {
  float r;
  asm volatile("shfl.sync.idx.b32 %0, %1, %2, 31, -1;" : "=f"(r) : "f"(x), "r"(lane));
  return r;
}
DEVICE u32 transpose_8x8(u32 x) {
  u32 r;
  asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(r) : "r"(x));
  return r;
}

template <class T>
DEVICE T load_stream(const void* p);
template <>
DEVICE Words4 load_stream<Words4>(const void* p) {
  Words4 r;
  asm volatile("ld.global.L1::no_allocate.L2::128B.v4.u32 {%0,%1,%2,%3}, [%4];"
               : "=r"(r.v[0]), "=r"(r.v[1]), "=r"(r.v[2]), "=r"(r.v[3])
               : "l"(p)
               : "memory");
  return r;
}
template <>
DEVICE Words2 load_stream<Words2>(const void* p) {
  Words2 r;
  asm volatile("ld.global.L1::no_allocate.L2::128B.v2.u32 {%0,%1}, [%2];"
               : "=r"(r.v[0]), "=r"(r.v[1])
               : "l"(p)
               : "memory");
  return r;
}
template <>
DEVICE u32 load_stream<u32>(const void* p) {
  u32 r;
  asm volatile("ld.global.L1::no_allocate.u32 %0, [%1];" : "=r"(r) : "l"(p) : "memory");
  return r;
}
template <>
DEVICE u16 load_stream<u16>(const void* p) {
  u16 r;
  asm volatile("ld.global.L1::no_allocate.u16 %0, [%1];" : "=h"(r) : "l"(p) : "memory");
  return r;
}

DEVICE Words4 load_words4(const void* p) {
  Words4 r;
  asm volatile("ld.global.v4.u32 {%0,%1,%2,%3}, [%4];"
               : "=r"(r.v[0]), "=r"(r.v[1]), "=r"(r.v[2]), "=r"(r.v[3])
               : "l"(p)
               : "memory");
  return r;
}

DEVICE void mma_bf16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
DEVICE u32 and_or(u32 x, u32 mask, u32 bits) {
  u32 r;
  asm("lop3.b32 %0, %1, %2, %3, 0xea;" : "=r"(r) : "r"(x), "r"(mask), "r"(bits));
  return r;
}
DEVICE u32 fma_bf16x2(u32 a, u32 b, u32 c) {
  u32 r;
  asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(r) : "r"(a), "r"(b), "r"(c));
  return r;
}
DEVICE u32 pack_bf16x2(float low, float high) {
  u32 r;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
  return r;
}
DEVICE float f16_to_f32(u32 bits) {
  float f;
  asm("{.reg .b16 h;\ncvt.u16.u32 h, %1;\ncvt.f32.f16 %0, h;}" : "=f"(f) : "r"(bits));
  return f;
}
DEVICE u32 f32_to_f16(float x) {
  u32 r;
  asm("{.reg .b16 h;\ncvt.rn.f16.f32 h, %1;\ncvt.u32.u16 %0, h;}" : "=r"(r) : "f"(x));
  return r;
}
DEVICE float bits_to_f32(u32 bits) {
  float f;
  asm("mov.b32 %0, %1;" : "=f"(f) : "r"(bits));
  return f;
}
DEVICE u32 f32_to_bits(float x) {
  u32 r;
  asm("mov.b32 %0, %1;" : "=r"(r) : "f"(x));
  return r;
}
DEVICE float rsqrt_fast(float x) {
  float r;
  asm("rsqrt.approx.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
}
DEVICE float exp2_fast(float x) {
  float r;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
}
DEVICE float log2_fast(float x) {
  float r;
  asm("lg2.approx.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
}
DEVICE float reciprocal_fast(float x) {
  float r;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
  return r;
}

// Past the L1: what another block has just written.
DEVICE void load_f32x4(float (&v)[4], const float* p) {
  asm volatile("ld.global.cg.v4.f32 {%0,%1,%2,%3}, [%4];"
               : "=f"(v[0]), "=f"(v[1]), "=f"(v[2]), "=f"(v[3])
               : "l"(p)
               : "memory");
}
DEVICE void store_f32x4(float* p, const float* v) {
  asm volatile("st.global.v4.f32 [%0], {%1,%2,%3,%4};" ::"l"(p), "f"(v[0]), "f"(v[1]), "f"(v[2]), "f"(v[3]) : "memory");
}
DEVICE void fence_device() { asm volatile("fence.acq_rel.gpu;" ::: "memory"); }
DEVICE u32 atomic_add(u32* p, u32 v) {
  u32 r;
  asm volatile("atom.acq_rel.gpu.global.add.u32 %0, [%1], %2;" : "=r"(r) : "l"(p), "r"(v) : "memory");
  return r;
}
DEVICE u32 atomic_add_shared(u32* p, u32 v) {
  u32 r;
  asm volatile("{.reg .u64 a;\ncvta.to.shared.u64 a, %1;\natom.shared.add.u32 %0, [a], %2;}"
               : "=r"(r)
               : "l"(p), "r"(v)
               : "memory");
  return r;
}
DEVICE u64 atomic_add_shared(u64* p, u64 v) {
  u64 r;
  asm volatile("{.reg .u64 a;\ncvta.to.shared.u64 a, %1;\natom.shared.add.u64 %0, [a], %2;}"
               : "=l"(r)
               : "l"(p), "l"(v)
               : "memory");
  return r;
}
DEVICE void store_host(u32* p, u32 v) {
  asm volatile("fence.acq_rel.sys;\nst.relaxed.sys.global.u32 [%0], %1;" ::"l"(p), "r"(v) : "memory");
}

#if defined(HAS_HOPPER)
DEVICE void grid_wait() { asm volatile("griddepcontrol.wait;" ::: "memory"); }
DEVICE void grid_release() { asm volatile("griddepcontrol.launch_dependents;" ::: "memory"); }

DEVICE u32 shared_address(const void* p) {
  u64 a;
  asm("cvta.to.shared.u64 %0, %1;" : "=l"(a) : "l"(p));
  return static_cast<u32>(a);
}
DEVICE void barrier_init(u64* b, u32 count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(b)), "r"(count) : "memory");
}
DEVICE void barrier_fence() {
  asm volatile("fence.mbarrier_init.release.cluster;\nfence.proxy.async.shared::cta;" ::: "memory");
}
DEVICE void barrier_expect(u64* b, u32 bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(b)), "r"(bytes)
               : "memory");
}
DEVICE void barrier_arrive(u64* b) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(b)) : "memory");
}
DEVICE void barrier_wait(u64* b, u32 phase) {
  asm volatile(
      "{\n.reg .pred p;\nAGAIN:\nmbarrier.try_wait.parity.shared::cta.b64 p, [%0], %1;\n@p bra DONE;\nbra "
      "AGAIN;\nDONE:\n}" ::"r"(shared_address(b)),
      "r"(phase)
      : "memory");
}
DEVICE void bulk_load(void* to, const void* from, u32 bytes, u64* b) {
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
                   shared_address(to)),
               "l"(from), "r"(bytes), "r"(shared_address(b))
               : "memory");
}
DEVICE u32 cluster_address(const void* p, int rank) {
  u32 a;
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(a) : "r"(shared_address(p)), "r"(rank));
  return a;
}
DEVICE void store_cluster(float* p, int rank, const float (&v)[4]) {
  asm volatile("st.shared::cluster.v4.f32 [%0], {%1,%2,%3,%4};" ::"r"(cluster_address(p, rank)), "f"(v[0]), "f"(v[1]),
               "f"(v[2]), "f"(v[3])
               : "memory");
}
DEVICE void barrier_arrive_cluster(u64* b, int rank) {
  asm volatile("mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%0];" ::"r"(cluster_address(b, rank))
               : "memory");
}
DEVICE void bulk_load_cluster(void* to, const void* from, u32 bytes, u64* b, u32 ranks) {
  asm volatile(
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1], %2, [%3], "
      "%4;" ::"r"(shared_address(to)),
      "l"(from), "r"(bytes), "r"(shared_address(b)), "h"(static_cast<u16>(ranks))
      : "memory");
}
DEVICE void prefetch_l2(const void* p, u32 bytes) {
  asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" ::"l"(p), "r"(bytes) : "memory");
}
DEVICE void store_shared(void* p, const Words4& w) {
  asm volatile("st.shared.v4.u32 [%0], {%1,%2,%3,%4};" ::"r"(shared_address(p)), "r"(w.v[0]), "r"(w.v[1]), "r"(w.v[2]),
               "r"(w.v[3])
               : "memory");
}
DEVICE void fence_async() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
#else
DEVICE void grid_wait() {}
DEVICE void grid_release() {}
DEVICE void store_cluster(float* p, int, const float (&v)[4]) {
  UNROLL
  for (int i = 0; i < 4; ++i) p[i] = v[i];
}
DEVICE void prefetch_l2(const void*, u32) {}
#endif

}  // namespace estoc::gpu

#if defined(HAS_WGMMA)
#include "gpu/source/nvptx_wgmma.h"
#endif
