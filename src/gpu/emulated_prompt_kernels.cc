// Kernels of prompts, by warpgroup products and by `mma.sync`, compiled for the emulator. They enter its table before
// main; see source/device.h.
#include "gpu/source/prompt_kernels.cu.h"

namespace estoc::gpu {

void keep_emulated_prompt_kernels() {}

}  // namespace estoc::gpu
