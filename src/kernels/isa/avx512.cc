// AVX-512 (F, BW, DQ, VL) with VNNI. Built with its own flags: only intrinsics and plain data may be included here, or
// code for this ISA could leak into shared inline functions and run on CPUs without it.
#include <immintrin.h>

#include "kernels/kernels.h"

namespace estoc::kernels {
namespace {

#include "kernels/simd/vec_avx512.h"

#include "kernels/exp.inl.h"

#include "kernels/elementwise.inl.h"

#include "kernels/activation.inl.h"
#include "kernels/causal_conv.inl.h"
#include "kernels/delta_rule.inl.h"

#include "kernels/attention.inl.h"
#include "kernels/attention_fma.inl.h"
#include "kernels/isa/attention_int8.h"
#include "kernels/kv_write.inl.h"

#include "kernels/isa/attention_avx512.h"

#include "kernels/dense.inl.h"
#include "kernels/f8.inl.h"
#include "kernels/ssd.inl.h"

#include "kernels/isa/panel_vnni512.h"
#include "kernels/selective_scan.inl.h"

#include "kernels/panel_gemm.inl.h"

#include "kernels/code_tiles.inl.h"

#include "kernels/isa/code_tiles512.h"
#include "kernels/isa/code_weights512.h"

#include "kernels/isa/code_gemm_vnni512.h"

}  // namespace

extern const Kernels avx512;
constinit const Kernels avx512 = {
    .name = "avx512",
    .isa = Isa::avx512,
    .quantize_row = quantize_row,
    .panel_gemm = panel_gemm,
    .code_rows_min = 16,
    .make_code_tiles = make_code_tiles,
    .code_tile_gemm = code_tile_gemm,
    .dense_gemm = dense_gemm,
    .widen = widen,
    .f8_gemm = f8_gemm,
    .widen_f8 = widen_f8,
    .rms_norm = rms_norm,
    .layer_norm = layer_norm,
    .rope = rope,
    .activate = activate,
    .clamped_swiglu = clamped_swiglu,
    .soft_cap = soft_cap,
    .add = add,
    .add_scaled = add_scaled,
    .causal_conv = causal_conv,
    .delta_rule = delta_rule,
    .ssd_rows = ssd_rows,
    .ssd_chunk = ssd_chunk,
    .ssd_steps = ssd_steps,
    .selective_scan = selective_scan,
    .attention = attention,
    .attention_merge = attention_merge,
    .write_kv = write_kv,
    .to_f16 = to_f16,
};

}  // namespace estoc::kernels
