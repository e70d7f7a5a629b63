// Kernels of decode steps, compiled for the emulator. They enter its table before main; see source/device.h.
#include "gpu/source/decode_kernels.cu.h"

namespace estoc::gpu {

void keep_emulated_decode_kernels() {}

}  // namespace estoc::gpu
