// All kernels, for the device compilers (tools/gpu_images.py). The emulator has its own list: gpu/emulated_kernels.cc.
#include "gpu/source/linear.cu.h"
#include "gpu/source/rms_norm.cu.h"
