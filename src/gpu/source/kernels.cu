// All kernels, for the device compilers (tools/gpu_images.py). The emulator has its own list: gpu/emulated_kernels.cc.
#include "gpu/source/argmax.cu.h"
#include "gpu/source/attention_decode.cu.h"
#include "gpu/source/copy.cu.h"
#include "gpu/source/embed.cu.h"
#include "gpu/source/linear.cu.h"
#include "gpu/source/repack.cu.h"
#include "gpu/source/rms_norm.cu.h"
#include "gpu/source/rope.cu.h"
