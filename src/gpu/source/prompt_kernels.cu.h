// Kernels of prompts, by warpgroup products and by `mma.sync`: a part of the list of all (kernels.cu).
#pragma once

#include "gpu/source/attention_prompt.cu.h"
#include "gpu/source/attention_prompt_mma.cu.h"
#include "gpu/source/gemm_kernels.cu.h"
#include "gpu/source/matrix_rate.cu.h"
