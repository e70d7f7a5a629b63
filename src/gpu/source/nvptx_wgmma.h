// Warpgroup matrix products of sm_90a: d[64 x N] += A[64 x 16] B[16 x N], bf16, summed in f32 (device.h).
#pragma once

#include "gpu/source/types.h"

namespace estoc::gpu {

DEVICE void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
DEVICE void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int kLeft>
DEVICE void wgmma_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kLeft) : "memory");
}
template <int kCount>
DEVICE void wgmma_hold(float (&d)[kCount]) {
  UNROLL
  for (int i = 0; i < kCount; ++i) asm volatile("" : "+f"(d[i])::"memory");
}
template <int kSteps>
DEVICE void wgmma_hold(u32 (&a)[kSteps][4]) {
  UNROLL
  for (int i = 0; i < kSteps * 4; ++i) asm volatile("" : "+r"(a[i / 4][i % 4])::"memory");
}
DEVICE void wgmma_before_wait(void* place, float x, float never) {
  asm volatile("{.reg .pred p;\nsetp.eq.f32 p, %0, %1;\n@p st.shared.f32 [%2], %0;\n}" ::"f"(x), "f"(never),
               "r"(shared_address(place))
               : "memory");
}
template <int kCount>
DEVICE void registers_take() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kCount));
}
template <int kCount>
DEVICE void registers_give() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kCount));
}

// Describes 8-row groups of 16-byte columns: `leading` bytes between neighbours along K (ignored with a swizzle),
// `stride` bytes between groups of eight rows.
DEVICE u64 tile_descriptor(const void* p, u32 leading, u32 stride, Swizzle swizzle) {
  return static_cast<u64>((shared_address(p) & 0x3FFFF) >> 4) | static_cast<u64>(leading >> 4) << 16 |
         static_cast<u64>(stride >> 4) << 32 | static_cast<u64>(swizzle) << 62;
}

// The instruction for each N, with A in shared memory and in registers; i0... are the numbers of the operands behind d.
#define ESTOC_D4(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define ESTOC_D16(i) ESTOC_D4(i), ESTOC_D4(i + 4), ESTOC_D4(i + 8), ESTOC_D4(i + 12)
#define ESTOC_D32(i) ESTOC_D16(i), ESTOC_D16(i + 16)
#define ESTOC_D64(i) ESTOC_D32(i), ESTOC_D32(i + 32)
#define ESTOC_WGMMA(n, names, operands, i0, i1, i2, i3, i4, i5, i6)                                              \
  template <bool kTransposed>                                                                                    \
  DEVICE void wgmma_shared_##n(float(&d)[n / 2], u64 a, u64 b, int adds) {                                       \
    asm volatile("{.reg .pred p;\nsetp.ne.b32 p, %" i2                                                           \
                 ", 0;\n"                                                                                        \
                 "wgmma.mma_async.sync.aligned.m64n" #n "k16.f32.bf16.bf16 {" names "}, %" i0 ", %" i1           \
                 ", p, 1, 1, 0, %" i3 ";\n}"                                                                     \
                 : operands                                                                                      \
                 : "l"(a), "l"(b), "r"(adds), "n"(kTransposed ? 1 : 0));                                         \
  }                                                                                                              \
  template <bool kTransposed>                                                                                    \
  DEVICE void wgmma_registers_##n(float(&d)[n / 2], const u32(&a)[4], u64 b, int adds) {                         \
    asm volatile("{.reg .pred p;\nsetp.ne.b32 p, %" i5                                                           \
                 ", 0;\n"                                                                                        \
                 "wgmma.mma_async.sync.aligned.m64n" #n "k16.f32.bf16.bf16 {" names "}, {%" i0 ", %" i1 ", %" i2 \
                 ", %" i3 "}, %" i4 ", p, 1, 1, %" i6 ";\n}"                                                     \
                 : operands                                                                                      \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(adds), "n"(kTransposed ? 1 : 0));     \
  }
#define ESTOC_NAMES_64                                                     \
  "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, " \
  "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define ESTOC_NAMES_128                                                              \
  "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "           \
  "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, " \
  "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, " \
  "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define ESTOC_NAMES_256                                                                          \
  "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "                       \
  "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "             \
  "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "             \
  "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "             \
  "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "             \
  "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "             \
  "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, " \
  "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
#define ESTOC_OPERANDS_64 ESTOC_D32(0)
ESTOC_WGMMA(64, ESTOC_NAMES_64, ESTOC_OPERANDS_64, "32", "33", "34", "35", "36", "37", "38")
#define ESTOC_OPERANDS_128 ESTOC_D64(0)
ESTOC_WGMMA(128, ESTOC_NAMES_128, ESTOC_OPERANDS_128, "64", "65", "66", "67", "68", "69", "70")
#define ESTOC_OPERANDS_256 ESTOC_D64(0), ESTOC_D64(64)
ESTOC_WGMMA(256, ESTOC_NAMES_256, ESTOC_OPERANDS_256, "128", "129", "130", "131", "132", "133", "134")
#undef ESTOC_WGMMA

template <int N, bool kTransposed = false>
DEVICE void wgmma_bf16(float (&d)[N / 2], u64 a, u64 b, bool adds = true) {
  if constexpr (N == 64) {
    wgmma_shared_64<kTransposed>(d, a, b, adds);
  } else if constexpr (N == 128) {
    wgmma_shared_128<kTransposed>(d, a, b, adds);
  } else {
    wgmma_shared_256<kTransposed>(d, a, b, adds);
  }
}
template <int N, bool kTransposed = false>
DEVICE void wgmma_bf16(float (&d)[N / 2], const u32 (&a)[4], u64 b, bool adds = true) {
  if constexpr (N == 64) {
    wgmma_registers_64<kTransposed>(d, a, b, adds);
  } else if constexpr (N == 128) {
    wgmma_registers_128<kTransposed>(d, a, b, adds);
  } else {
    wgmma_registers_256<kTransposed>(d, a, b, adds);
  }
}

}  // namespace estoc::gpu
