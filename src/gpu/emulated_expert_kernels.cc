// Kernels of mixtures of experts, compiled for the emulator. They enter its table before main; see source/device.h.
#include "gpu/source/expert_kernels.cu.h"

namespace estoc::gpu {

void keep_emulated_expert_kernels() {}

}  // namespace estoc::gpu
