// Where a model's layers are computed: on CPUs, or some of them on devices.
//
// What: by bytes. A device takes as many of the last layers as fit beside keys and values of one context, or the layers
// that it is given; all others, and an embedding or a head that no device has, stay with the CPUs. `auto` takes a
// device only where there is one that computes this model. Ownership: keeps the devices open, whose contexts take a
// while to make, until the model is loaded. Threads: one. Errors: Error{unsupported, invalid_argument,
// resource_exhausted} with one sentence, for a device that was asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/served_model.h"
#include "gpu/accelerator.h"
#include "models/model.h"
#include "serving/model_settings.h"
#include "weights/weight_source.h"

namespace estoc {

// Layers [first, end) on a device.
struct DevicePart {
  std::shared_ptr<gpu::Accelerator> device;
  std::string name;  // "cuda:1"
  int first = 0, end = 0;
  // Of the device's memory, before anything of the model is in it.
  uint64_t free_bytes = 0, weight_bytes = 0, buffer_bytes = 0;
  // What of it is left for keys and values.
  uint64_t kv_bytes() const;
};

struct Placement {
  int layers = 0;                   // of the model
  std::vector<DevicePart> devices;  // in the order of their layers
  std::vector<StackPlace> stacks;   // for ModelOptions; empty: all on CPUs

  bool has_device() const { return !devices.empty(); }
  int device_layers() const;
  bool is_all_on_devices() const { return has_device() && device_layers() == layers; }
  // Bytes of all layers' keys and values that the devices have room for, when each has its own layers'. Of groups of
  // layers (tensor/state_layout.h) any may get the most of them: the largest part of one that a device has counts.
  uint64_t kv_bytes(const StateLayout& state) const;
  uint64_t free_bytes() const;  // of all devices
};

// `info` from describe_model.
Placement place_model(const ModelSettings& settings, const WeightSource& weights, const ModelInfo& info);

// What a model with so many bytes of weights, and of keys and values, has of each place's memory.
std::vector<api::PlaceMemory> place_memory(const Placement& placement, uint64_t weight_bytes, uint64_t kv_bytes);

// "28 of 28 layers on NVIDIA H100 (cuda), 0.5 GiB of weights there and 70 GiB free beside them"
std::string placement_text(const Placement& placement);

}  // namespace estoc
