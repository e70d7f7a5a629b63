// The decode projections (linear.h) as kernels: all forms, ends and sizes.
#pragma once

#include "gpu/source/linear.cu.h"

namespace estoc::gpu {

#define ESTOC_LINEAR(form, r, n)                                                              \
  KERNEL(kLinearBlockThreads, 1, linear_##form##_store_r##r##_n##n, (LinearArguments a)) {    \
    SHARED(sums, LinearSums<r, n / 8>);                                                       \
    multiply_neighbours<WeightForm::form, r, n / 8, true>(sums, a, [] {});                    \
    end_store<r, n / 8>(sums, a);                                                             \
  }                                                                                           \
  KERNEL(kLinearBlockThreads, 1, linear_##form##_residual_r##r##_n##n, (LinearArguments a)) { \
    SHARED(sums, LinearSums<r, n / 8>);                                                       \
    linear_residual<WeightForm::form, r, n / 8>(sums, a);                                     \
  }                                                                                           \
  KERNEL(kLinearBlockThreads, 1, linear_##form##_gated_r##r##_n##n, (LinearArguments a)) {    \
    SHARED(sums, LinearSums<r, n / 8>);                                                       \
    multiply_neighbours<WeightForm::form, r, n / 8, true>(sums, a, [] {});                    \
    end_gated<r, n / 8>(sums, a);                                                             \
  }
#define ESTOC_LINEAR_RARE(form) \
  ESTOC_LINEAR(form, 2, 8)      \
  ESTOC_LINEAR(form, 2, 16)
#define ESTOC_LINEAR_FORM(form) \
  ESTOC_LINEAR_RARE(form)       \
  ESTOC_LINEAR(form, 1, 8)      \
  ESTOC_LINEAR(form, 1, 16)

ESTOC_LINEAR_FORM(bf16)
ESTOC_LINEAR_FORM(codes8)
ESTOC_LINEAR_FORM(codes4)
ESTOC_LINEAR_FORM(codes4_min)
ESTOC_LINEAR_RARE(f16)
ESTOC_LINEAR_RARE(codes8_min)
ESTOC_LINEAR_RARE(codes8_16)
ESTOC_LINEAR_RARE(f8)

}  // namespace estoc::gpu
