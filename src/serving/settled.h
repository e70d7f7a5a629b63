// Settings with nothing left open that decides how a model is loaded: where its layers go and what its weights become.
// Threads: any. Errors: those of place_model and choose_weights.
#pragma once

#include <cstdint>

#include "models/model.h"
#include "serving/model_settings.h"
#include "serving/placement.h"

namespace estoc {

struct Settled {
  ModelSettings settings;  // `weights` is there
  Placement placement;
  ModelInfo info;
};

// For a model that may have `memory_bytes` of the machine's.
Settled settle(const ModelSettings& settings, const WeightSource& weights, uint64_t memory_bytes);

// The options of a load that follow from it.
ModelOptions load_options(const Settled& settled);

}  // namespace estoc
