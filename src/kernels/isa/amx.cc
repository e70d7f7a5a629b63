// AMX tiles (int8 and bf16) beside AVX-512. Built with its own flags; see avx512.cc for what may be included.
#include <immintrin.h>

#include "kernels/kernels.h"

namespace estoc::kernels {

extern const Kernels amx;
constinit const Kernels amx = {.name = "amx", .isa = Isa::amx};

}  // namespace estoc::kernels
