// One model with everything that makes it answer: checkpoint, threads, packed weights, model and engine.
//
// Ownership: owns them all, built in that order and destroyed in reverse. Threads: made and destroyed by one thread;
// what the parts allow while it lives. Errors: the constructor throws Error with one sentence.
#pragma once

#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <string>

#include "base/thread_team.h"
#include "checkpoint/checkpoint.h"
#include "engine/engine.h"
#include "grammar/constraint_cache.h"
#include "packs/pack_cache.h"
#include "serving/machine_share.h"
#include "serving/model_plan.h"
#include "serving/model_settings.h"
#include "serving/settled.h"

namespace estoc {

// Bytes of a model's weights that are loaded, and all of them.
using LoadProgress = std::function<void(uint64_t done, uint64_t total)>;

// The settings' name, or the checkpoint's own.
const std::string& served_name(const ModelSettings& settings, const Checkpoint& checkpoint);

struct Served {
  // Loads the weights of `opened`, on `cpus`. `progress` may be empty.
  Served(Checkpoint&& opened, const Settled& settled, const ModelPlan& plan, CpuShare cpus, Pinning pinning,
         const LoadProgress& progress);

  const ModelSettings settings;
  const ModelPlan plan;
  const std::string placed;  // where its layers are, for people
  const std::string name;
  const Checkpoint checkpoint;
  ThreadTeam team;
  std::unique_ptr<PackCache> packs;  // null when nothing is kept
  std::unique_ptr<Model> model;
  const std::vector<api::PlaceMemory> memory;
  api::WeightRounding weights;
  std::string rounded;  // the same for people; empty where nothing was rounded
  std::unique_ptr<Engine> engine;
  ModelDialect dialect;  // how it writes calls and reasoning, as its settings say
  std::unique_ptr<grammar::ConstraintCache> constraints;
  const std::time_t created = std::time(nullptr);  // when it was loaded
};

}  // namespace estoc
