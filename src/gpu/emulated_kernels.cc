// All kernels, compiled for the emulator. They enter its table before main; see source/device.h.
#include "gpu/source/linear.cu.h"
#include "gpu/source/rms_norm.cu.h"

namespace estoc::gpu {

void keep_emulated_kernels() {}

}  // namespace estoc::gpu
