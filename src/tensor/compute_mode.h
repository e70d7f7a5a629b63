// How a model computes. Chosen once at load.
#pragma once

namespace estoc {

enum class ComputeMode {
  exact,  // f32 activations against exactly decoded weights: the specification
  fast,   // quantized activations, packed weights, vector kernels
};

// How finely fast mode rounds activations, 32 at a time.
enum class Activations {
  automatic,  // int16 for small models, which feel the rounding most and are fast anyway, else int8
  int8,       // one plane of codes
  int16,      // two planes: about the quality of exact mode for up to twice the integer work
};

}  // namespace estoc
