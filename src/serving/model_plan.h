// What settings mean for a model on this machine: the engine's configuration, with the memory for keys and values.
// Threads: any. Errors: none.
#pragma once

#include <cstdint>
#include <vector>

#include "models/model.h"
#include "serving/machine_share.h"
#include "serving/model_settings.h"
#include "serving/placement.h"

namespace estoc {

// How the bytes for keys and values were found.
enum class KvReason {
  asked,         // by the settings
  one_context,   // the least that is of use
  all_contexts,  // as many as all sequences can fill
  memory,        // the model's part of the budget
};

struct ModelPlan {
  EngineConfig engine;  // nothing in it is left open
  KvReason kv_reason = KvReason::asked;
  uint64_t free_bytes = 0;  // of memory beside all weights, for KvReason::memory
};

// `info` from describe_model. A context beyond the model's own is cut to that, with a warning.
ModelPlan plan_model(const ModelSettings& settings, const ModelInfo& info, const KvBudget& budget,
                     const Placement& placement = {});

// The same for models that run beside each other, planned in order, with `memory_bytes` for all: what weights leave of
// it is the budget. One of `infos` and of `placements` for each of `settings`.
std::vector<ModelPlan> plan_models(const std::vector<ModelSettings>& settings, const std::vector<ModelInfo>& infos,
                                   const std::vector<Placement>& placements, uint64_t memory_bytes);

// The same for a model that has all of the machine's memory to itself, or the device's where layers are on one.
ModelPlan plan_model(const ModelSettings& settings, const ModelInfo& info, const Placement& placement = {});

// Sequences that run at once: on a device, where company costs little until there are some hundred, more.
int choose_sequences(const ModelSettings& settings, bool has_device = false);

// Main memory for requests that give way, of `memory_bytes` that are free. None on CPUs alone, where keys and values
// are in the same memory: what is kept there is as much room as they could have had. Beside a device a quarter at most,
// and no more than there is on the device; a warning where it was asked for and is not.
uint64_t choose_swap_bytes(const ModelSettings& settings, const ModelInfo& info, const EngineConfig& engine,
                           bool has_device, uint64_t memory_bytes);

// Tokens of a step at most: as many as keep a device busy.
int choose_batch_tokens(const ModelSettings& settings, bool has_device = false);

// The settings', or what is chosen for its mode, this CPU and the device.
KvType choose_kv_type(const ModelSettings& settings, bool has_device = false);

}  // namespace estoc
