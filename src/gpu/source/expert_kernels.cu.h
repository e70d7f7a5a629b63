// Kernels of mixtures of experts: a part of the list of all (kernels.cu).
#pragma once

#include "gpu/source/combine.cu.h"
#include "gpu/source/experts.cu.h"
#include "gpu/source/gemm.cu.h"
#include "gpu/source/gemm_mma.cu.h"
#include "gpu/source/route.cu.h"
#include "gpu/source/router_logits.cu.h"

namespace estoc::gpu {

#if defined(HAS_WGMMA)
#define ESTOC_GEMM_EXPERTS(form, end)                                                                   \
  KERNEL(kGemmThreads, 1, gemm_experts_##form##_##end##_n64, (GemmArguments a)) {                       \
    gemm<WeightForm::form, kGemmExpertTokens, GemmEnd::end, GemmOf::experts>(gemm_expert_arguments(a)); \
  }
#else
#define ESTOC_GEMM_EXPERTS(form, end)                                                                       \
  KERNEL(kGemmThreads, 1, gemm_experts_##form##_##end##_n64, (GemmArguments a)) {                           \
    gemm_mma<WeightForm::form, kGemmExpertTokens, GemmEnd::end, GemmOf::experts>(gemm_expert_arguments(a)); \
  }
#endif
#if defined(IS_EMULATED)
#define ESTOC_GEMM_EXPERTS_MMA(form, end)                                                                   \
  KERNEL(kGemmThreads, 1, gemm_mma_experts_##form##_##end##_n64, (GemmArguments a)) {                       \
    gemm_mma<WeightForm::form, kGemmExpertTokens, GemmEnd::end, GemmOf::experts>(gemm_expert_arguments(a)); \
  }
#else
#define ESTOC_GEMM_EXPERTS_MMA(form, end)
#endif
#define ESTOC_GEMM_EXPERTS_FORM(form) \
  ESTOC_GEMM_EXPERTS(form, store)     \
  ESTOC_GEMM_EXPERTS(form, gated)     \
  ESTOC_GEMM_EXPERTS_MMA(form, store) \
  ESTOC_GEMM_EXPERTS_MMA(form, gated)

ESTOC_GEMM_EXPERTS_FORM(bf16)
ESTOC_GEMM_EXPERTS_FORM(codes4)
ESTOC_GEMM_EXPERTS_FORM(codes4_min)
ESTOC_GEMM_EXPERTS_FORM(codes8)
ESTOC_GEMM_EXPERTS_FORM(codes8_min)
ESTOC_GEMM_EXPERTS_FORM(codes8_16)
ESTOC_GEMM_EXPERTS_FORM(f16)
ESTOC_GEMM_EXPERTS_FORM(f8)

}  // namespace estoc::gpu
