// AVX2 with 256-bit VNNI. Built with its own flags; see avx2.cc for what may be included.
#include <immintrin.h>

#include "kernels/kernels.h"

namespace estoc::kernels {
namespace {

#include "kernels/isa/panel_ymm.h"

#include "kernels/isa/dots_avx_vnni.h"

#include "kernels/panel_gemm.inl.h"

}  // namespace

extern const Kernels avx_vnni;
constinit const Kernels avx_vnni = {.name = "avx_vnni", .isa = Isa::avx_vnni, .panel_gemm = panel_gemm};

}  // namespace estoc::kernels
