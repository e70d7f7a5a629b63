// The products of prompts (gemm.h) as kernels: all forms, ends and widths.
#pragma once

#include "gpu/source/gemm.cu.h"
#include "gpu/source/gemm_mma.cu.h"

namespace estoc::gpu {

#if defined(HAS_WGMMA)
#define ESTOC_GEMM(form, end, n) \
  KERNEL(kGemmThreads, 1, gemm_##form##_##end##_n##n, (GemmArguments a)) { gemm<WeightForm::form, n, GemmEnd::end>(a); }
#define ESTOC_GEMM_TOKENS(form, n) \
  ESTOC_GEMM(form, store, n)       \
  ESTOC_GEMM(form, residual, n)    \
  ESTOC_GEMM(form, gated, n)
#define ESTOC_GEMM_FORM(form)  \
  ESTOC_GEMM_TOKENS(form, 64)  \
  ESTOC_GEMM_TOKENS(form, 128) \
  ESTOC_GEMM_TOKENS(form, 256)

ESTOC_GEMM_FORM(bf16)
ESTOC_GEMM_FORM(codes4)
ESTOC_GEMM_FORM(codes4_min)
ESTOC_GEMM_FORM(codes8)
ESTOC_GEMM_TOKENS(codes8_min, 128)
ESTOC_GEMM_TOKENS(codes8_16, 128)
ESTOC_GEMM_TOKENS(f16, 128)
ESTOC_GEMM_TOKENS(f8, 128)

#endif

#if defined(IS_EMULATED) || !defined(HAS_WGMMA)
#if defined(HAS_WGMMA)
#define ESTOC_GEMM_MMA(form, end, n)                                           \
  KERNEL(kGemmThreads, 1, gemm_mma_##form##_##end##_n##n, (GemmArguments a)) { \
    gemm_mma<WeightForm::form, n, GemmEnd::end>(a);                            \
  }
#else
#define ESTOC_GEMM_MMA(form, end, n)                                       \
  KERNEL(kGemmThreads, 1, gemm_##form##_##end##_n##n, (GemmArguments a)) { \
    gemm_mma<WeightForm::form, n, GemmEnd::end>(a);                        \
  }
#endif
#define ESTOC_GEMM_MMA_FORM(form)    \
  ESTOC_GEMM_MMA(form, store, 64)    \
  ESTOC_GEMM_MMA(form, residual, 64) \
  ESTOC_GEMM_MMA(form, gated, 64)

ESTOC_GEMM_MMA_FORM(bf16)
ESTOC_GEMM_MMA_FORM(codes4)
ESTOC_GEMM_MMA_FORM(codes4_min)
ESTOC_GEMM_MMA_FORM(codes8)
ESTOC_GEMM_MMA_FORM(codes8_min)
ESTOC_GEMM_MMA_FORM(codes8_16)
ESTOC_GEMM_MMA_FORM(f16)
ESTOC_GEMM_MMA_FORM(f8)

#endif

}  // namespace estoc::gpu
