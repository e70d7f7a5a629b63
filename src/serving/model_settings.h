// How a model is to be run, as its user wants it. What is left open is chosen from the model and the machine
// (serving/model_plan.h). Plain data: text of flags is read elsewhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "serving/place_list.h"
#include "tensor/compute_mode.h"

namespace estoc {

constexpr const char* compute_name(ComputeMode mode) { return mode == ComputeMode::exact ? "exact" : "fast"; }

// Where packed weights are kept between starts.
enum class PackPlace {
  cache,      // the user's cache folder, and only what takes long to pack
  directory,  // ModelSettings::pack_directory, all of it
  nowhere,
};

struct ModelSettings {
  std::string model;                 // a .gguf file, a Hugging Face folder, or `demo`
  std::string name;                  // what callers call it; empty: its file or folder name
  std::string device = "cpu";        // or "auto", "cuda", "cuda:N", "hip", "hip:N", "emulator"
  std::optional<int> gpu_layers;     // how many, the last ones, the device gets; absent: all that fit
  std::vector<PlacedLayers> places;  // says it all, instead of both; empty: they do
  ComputeMode compute = ComputeMode::fast;
  Activations activations = Activations::automatic;
  // Absent: as stored where that fits the memory, else the finer of the others that does.
  std::optional<WeightType> weights;
  bool is_deterministic = false;
  std::string tool_call_parser = "auto", reasoning_parser = "auto";  // or "none", or names (dialects/model_dialect.h)
  std::optional<KvType> kv_type;  // absent: f32 in exact mode, else the one the CPU is fast with
  PackPlace pack_place = PackPlace::cache;
  std::string pack_directory;
  // Main memory for keys and values of requests that give way on a device; absent: from the machine, 0: none.
  std::optional<uint64_t> swap_bytes;
  // `context` 0 is the model's own limit, `kv_bytes` 0 what the machine has room for; `kv_type` and `swap_bytes` are
  // those above.
  EngineConfig engine = {.context = 0};
};

}  // namespace estoc
