// Which type a model's matrices are computed in, and what rounding them costs.
//
// Threads: any for choose_weights; divergence_from_stored as loading a model. Errors: Error{invalid_argument} for
// settings that do not go together, and those of loading.
#pragma once

#include <cstdint>

#include "base/thread_team.h"
#include "checkpoint/checkpoint.h"
#include "models/model.h"
#include "serving/model_settings.h"
#include "serving/placement.h"

namespace estoc {

// The settings' type. Where they leave it open: as stored on devices; on CPUs as stored, or the first of int8 and int4
// with which weights, and keys and values of the context that the settings ask for, fit `memory_bytes`; int4 when none
// does. `stored` is what describe_model says of the weights as they are.
WeightType choose_weights(const ModelSettings& settings, const WeightSource& weights, const ModelInfo& stored,
                          const Placement& placement, uint64_t memory_bytes);

// The mean Kullback-Leibler divergence, in nats a token, of the model's predictions from those of its weights as they
// are stored, over a few tens of tokens of a built-in text.
double divergence_from_stored(const Checkpoint& checkpoint, const Model& model, const ModelSettings& settings,
                              ThreadTeam& team);

}  // namespace estoc
