// AVX2 with FMA and F16C. Built with its own flags: only intrinsics and plain data may be included here, or code for
// this ISA could leak into shared inline functions and run on CPUs without it.
#include <immintrin.h>

#include "kernels/kernels.h"

namespace estoc::kernels {
namespace {

#include "kernels/simd/vec_avx2.h"

#include "kernels/exp.inl.h"

#include "kernels/elementwise.inl.h"

#include "kernels/activation.inl.h"
#include "kernels/causal_conv.inl.h"
#include "kernels/delta_rule.inl.h"

#include "kernels/attention.inl.h"
#include "kernels/attention_fma.inl.h"
#include "kernels/isa/attention_avx2.h"
#include "kernels/kv_write.inl.h"

#include "kernels/dense.inl.h"
#include "kernels/f8.inl.h"
#include "kernels/ssd.inl.h"

#include "kernels/isa/panel_ymm.h"
#include "kernels/selective_scan.inl.h"

#include "kernels/isa/dots_avx2.h"

#include "kernels/panel_gemm.inl.h"

}  // namespace

extern const Kernels avx2;
constinit const Kernels avx2 = {
    .name = "avx2",
    .isa = Isa::avx2,
    .quantize_row = quantize_row,
    .panel_gemm = panel_gemm,
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
