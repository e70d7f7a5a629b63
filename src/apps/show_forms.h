// `estoc show --forms`: how each matrix of a model is computed with on this machine, and why.
#pragma once

#include <string>

#include "models/model.h"
#include "serving/model_settings.h"
#include "weights/weight_source.h"

namespace estoc {

// A line for each kind of matrix (layers that are alike together). Ends with a newline.
std::string show_forms(const WeightSource& weights, const ModelInfo& info, const ModelSettings& settings);

}  // namespace estoc
