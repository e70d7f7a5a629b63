// Everything a command needs to generate: checkpoint, threads, model and engine, built from its flags in that order and
// destroyed in reverse. Shows a progress bar on a terminal when loading takes longer than a second.
// Throws Error with one sentence.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "apps/options.h"
#include "base/thread_team.h"
#include "checkpoint/checkpoint.h"
#include "engine/engine.h"
#include "packs/pack_cache.h"

namespace estoc {

// Chosen from the flags, the model and the machine.
struct RunPlan {
  int threads = 1;
  ComputeMode compute = ComputeMode::fast;
  Activations activations = Activations::automatic;
  bool is_deterministic = false;
  EngineConfig engine;
  uint64_t kv_bytes = 0;
  std::string kv_reason;  // how that was found
};

// Applies --isa: the level of the whole process.
void apply_isa(const std::string& name);

// Applies --log-level, which must be one of the flag's values.
void apply_log_level(const std::string& name);

// Applies --isa and --log-level to the process.
void apply_process_options(const ModelOptionValues& options);

// What the flags mean for this model on this machine; `info` from describe_model.
RunPlan plan_run(const ModelOptionValues& options, const ModelInfo& info);

// Sets what only some commands let their user choose.
using EngineTuning = std::function<void(EngineConfig&)>;

struct Session {
  Session(const ModelOptionValues& options, const EngineTuning& tune);

  Checkpoint checkpoint;
  RunPlan plan;
  ThreadTeam team;
  std::unique_ptr<PackCache> packs;  // null when nothing is kept
  std::unique_ptr<Model> model;
  std::unique_ptr<Engine> engine;

 private:
  Session(const ModelOptionValues& options, const EngineTuning& tune, Checkpoint&& opened);
};

ComputeMode compute_mode(const ModelOptionValues& options);

}  // namespace estoc
