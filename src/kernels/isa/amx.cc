// AMX tiles (int8 and bf16) beside AVX-512. Built with its own flags; see avx512.cc for what may be included.
#include <immintrin.h>

#include <type_traits>

#include "kernels/kernels.h"

namespace estoc::kernels {
namespace {

#include "kernels/simd/vec_avx512.h"

#include "kernels/exp.inl.h"

#include "kernels/attention.inl.h"
#include "kernels/isa/attention_int8.h"

#include "kernels/isa/amx_tiles.h"

#include "kernels/isa/attention_amx.h"
#include "kernels/isa/tile_stretch_amx.h"

#include "kernels/isa/panel_amx.h"

#include "kernels/isa/dense_tiles512.h"

#include "kernels/isa/dense_gemm_amx.h"

#include "kernels/prefetch.inl.h"

#include "kernels/isa/f8_codes512.h"

#include "kernels/isa/f8_gemm512.h"
#include "kernels/isa/f8_gemm_amx.h"

#include "kernels/code_tiles.inl.h"

#include "kernels/isa/code_weights512.h"

#include "kernels/isa/code_gemm_amx.h"

}  // namespace

extern const Kernels amx;
constinit const Kernels amx = {.name = "amx",
                               .isa = Isa::amx,
                               .tile_rows_min = 16,
                               .tile_gemm = tile_gemm,
                               .code_rows_min = 16,
                               .code_tile_gemm = code_tile_gemm,
                               .dense_tile_rows_min = 5,
                               .split_tile_rows_min = 10,
                               .dense_tile_gemm = dense_tile_gemm,
                               .f8_gemm = f8_gemm,
                               .f8_tile_rows_min = 2,
                               .f8_tile_gemm = f8_tile_gemm,
                               .attention = attention_amx,
                               .attention_merge = attention_merge};

}  // namespace estoc::kernels
