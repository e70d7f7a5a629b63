// AVX2 with 256-bit VNNI. Built with its own flags; see avx2.cc for what may be included.
#include <immintrin.h>

#include "kernels/kernels.h"

namespace estoc::kernels {

extern const Kernels avx_vnni;
constinit const Kernels avx_vnni = {.name = "avx_vnni", .isa = Isa::avx_vnni};

}  // namespace estoc::kernels
