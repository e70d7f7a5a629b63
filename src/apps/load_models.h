// Models loaded for a command that answers: with a bar on a terminal for each that takes longer than a second.
#pragma once

#include <vector>

#include "serving/runtime.h"

namespace estoc {

// Throws what the constructor of Runtime throws.
Runtime load_models(const RuntimeSettings& settings, const std::vector<ModelSettings>& models);

}  // namespace estoc
