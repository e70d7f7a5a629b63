// All kernels, compiled for the emulator. They enter its table before main; see source/device.h.
#include "gpu/source/argmax.cu.h"
#include "gpu/source/attention_decode.cu.h"
#include "gpu/source/attention_prompt.cu.h"
#include "gpu/source/attention_prompt_mma.cu.h"
#include "gpu/source/copy.cu.h"
#include "gpu/source/embed.cu.h"
#include "gpu/source/gemm.cu.h"
#include "gpu/source/gemm_mma.cu.h"
#include "gpu/source/linear.cu.h"
#include "gpu/source/repack.cu.h"
#include "gpu/source/rms_norm.cu.h"
#include "gpu/source/rope.cu.h"
#include "gpu/source/sample.cu.h"
#include "gpu/source/select_rows.cu.h"
#include "gpu/source/token_norm.cu.h"

namespace estoc::gpu {

void keep_emulated_kernels() {}

}  // namespace estoc::gpu
