// Where a model's layers are computed: on CPUs, or the last of them on a device.
//
// What: by bytes. A device takes as many layers as fit beside keys and values of one context; those before them, and
// the embedding, stay with the CPUs. `auto` takes a device only where there is one that computes this model. Ownership:
// keeps the device open, whose context takes a while to make, until the model is loaded. Threads: one. Errors:
// Error{unsupported, invalid_argument, resource_exhausted} with one sentence, for a device that was asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gpu/accelerator.h"
#include "models/model.h"
#include "serving/model_settings.h"
#include "weights/weight_source.h"

namespace estoc {

struct Placement {
  std::shared_ptr<gpu::Accelerator> device;  // null: all on CPUs
  std::string device_name;                   // "cuda:1"
  int layers = 0;                            // of the model
  int first_layer = 0;                       // the first that the device has
  // Of the device's memory, before anything of the model is in it.
  uint64_t free_bytes = 0, weight_bytes = 0, buffer_bytes = 0;
  // What of it is left for keys and values.
  uint64_t kv_bytes() const;
};

// `info` from describe_model.
Placement place_model(const ModelSettings& settings, const WeightSource& weights, const ModelInfo& info);

// For ModelOptions.
std::vector<StackPlace> stack_places(const Placement& placement);

// "28 of 28 layers on NVIDIA H100 (cuda), 0.5 GiB of weights"
std::string placement_text(const Placement& placement);

}  // namespace estoc
