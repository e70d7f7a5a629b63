// How a model computes. Chosen once at load.
#pragma once

namespace estoc {

enum class ComputeMode {
  exact,  // f32 activations against exactly decoded weights: the specification
  fast,   // quantized activations, packed weights, vector kernels
};

}  // namespace estoc
