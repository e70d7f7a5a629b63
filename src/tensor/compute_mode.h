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

// What fast mode makes of matrices that are stored as floating-point numbers.
enum class WeightType {
  as_stored,
  bf16,  // the upper half of an f32
  int8,  // 8 bits in groups of 32 that share a scale: q8_0
  int4,  // 4 bits in groups of 32 with a scale and a minimum: q4_1; the head in 8
};

constexpr const char* weight_type_name(WeightType type) {
  switch (type) {
    case WeightType::as_stored:
      return "as-stored";
    case WeightType::bf16:
      return "bf16";
    case WeightType::int8:
      return "int8";
    case WeightType::int4:
      return "int4";
  }
  return "";
}

}  // namespace estoc
