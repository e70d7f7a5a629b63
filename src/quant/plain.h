// Plain numbers as formats: a block is one element. F32, F16 and BF16 carry weights; F64 and the integers turn up in
// checkpoints as side tables and are decoded so that they can be looked at.
#pragma once

#include "quant/format.h"

namespace estoc {

// f32, f16 and bf16 are declared in quant/format.h.
extern const QuantFormat f64;
extern const QuantFormat i8, i16, i32, i64;
extern const QuantFormat u8, u16, u32, u64, boolean;

}  // namespace estoc
