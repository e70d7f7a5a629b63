// The functions between the matrices of an MLP. Plain data, included by every ISA file.
//
// silu: x sigmoid(x). gelu: x Phi(x), by erf; gelu_tanh: its approximation by a hyperbolic tangent (Hendrycks & Gimpel
// 2016), x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3)). relu: max(x, 0); relu_squared: its square. sigmoid: that alone, of
// gates that are no MLP's.
#pragma once

#include <cstdint>

namespace estoc::kernels {

enum class Activation { silu, gelu, gelu_tanh, relu, relu_squared, sigmoid };
inline constexpr int kActivationCount = 6;

}  // namespace estoc::kernels
