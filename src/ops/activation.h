// The functions between the matrices of an MLP, for whoever names one (kernels/activation.h says what they are).
#pragma once

#include "kernels/activation.h"

namespace estoc {

using Activation = kernels::Activation;

}  // namespace estoc
