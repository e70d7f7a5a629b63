// Kernels of decode steps: a part of the list of all (kernels.cu).
#pragma once

#include "gpu/source/attention_decode.cu.h"
#include "gpu/source/linear_kernels.cu.h"
#include "gpu/source/rope.cu.h"
