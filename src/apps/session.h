// Everything a command needs to generate: checkpoint, threads, model and engine, built from its flags in that order and
// destroyed in reverse. Shows a progress bar on a terminal when loading takes longer than a second.
// Throws Error with one sentence.
#pragma once

#include <memory>

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
};

// Applies --isa: the level of the whole process.
void apply_isa(const std::string& name);

// Applies --isa and --log-level to the process.
void apply_process_options(const ModelOptionValues& options);

// What the flags mean for this model on this machine; `info` from describe_model.
RunPlan plan_run(const ModelOptionValues& options, const ModelInfo& info);

struct Session {
  Session(const ModelOptionValues& options, int queue_max);

  Checkpoint checkpoint;
  RunPlan plan;
  ThreadTeam team;
  std::unique_ptr<PackCache> packs;  // null when nothing is kept
  std::unique_ptr<Model> model;
  std::unique_ptr<Engine> engine;

 private:
  Session(const ModelOptionValues& options, int queue_max, Checkpoint&& opened);
};

ComputeMode compute_mode(const ModelOptionValues& options);

}  // namespace estoc
