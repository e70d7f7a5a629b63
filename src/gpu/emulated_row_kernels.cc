// Kernels that both kinds of step share, and what prepares weights, compiled for the emulator. They enter its table
// before main; see source/device.h.
#include "gpu/source/row_kernels.cu.h"

namespace estoc::gpu {

void keep_emulated_row_kernels() {}

}  // namespace estoc::gpu
