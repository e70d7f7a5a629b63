// All kernels, for the device compilers (tools/gpu_images.py). The emulator compiles each part alone, which is faster:
// gpu/emulated_decode_kernels.cc and its siblings.
#include "gpu/source/decode_kernels.cu.h"
#include "gpu/source/expert_kernels.cu.h"
#include "gpu/source/prompt_kernels.cu.h"
#include "gpu/source/row_kernels.cu.h"
