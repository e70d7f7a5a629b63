// The gate of an MLP (gate.h).
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/gate.h"

namespace estoc::gpu {

DEVICE float gated(float gate, const GateCurve& curve) {
  return gate * reciprocal_fast(1 + exp2_fast(gate * (curve.linear + curve.cubic * gate * gate)));
}

}  // namespace estoc::gpu
