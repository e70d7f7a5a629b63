// The gate of an MLP (gate.h).
#pragma once

#include "gpu/source/device.h"
#include "gpu/source/gate.h"

namespace estoc::gpu {

DEVICE float gated(float gate, const GateCurve& curve) {
  return gate * reciprocal_fast(1 + exp2_fast(gate * (curve.linear + curve.cubic * gate * gate)));
}

// Of an expert: gate and up meet.
DEVICE float gated_up(float gate, float up, const GateCurve& curve) {
  if (curve.limit == 0) return gated(gate, curve) * up;
  gate = gate < curve.limit ? gate : curve.limit;
  up = up < curve.limit ? up : curve.limit;
  up = up > -curve.limit ? up : -curve.limit;
  return gated(gate, curve) * (up + 1);
}

}  // namespace estoc::gpu
