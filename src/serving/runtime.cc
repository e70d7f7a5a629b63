#include "serving/runtime.h"

#include <set>

#include "base/check.h"
#include "base/cpus.h"
#include "base/error.h"
#include "base/memory.h"
#include "serving/settled.h"

namespace estoc {
namespace {

void check_names(const std::vector<Checkpoint>& checkpoints, const std::vector<ModelSettings>& models) {
  std::set<std::string> names;
  for (size_t i = 0; i < models.size(); ++i) {
    const std::string& name = served_name(models[i], checkpoints[i]);
    if (names.insert(name).second) continue;
    fail(ErrorCode::invalid_argument, "two models are called '{}': give each a name of its own", name);
  }
}

// What each may have of the memory where it goes. Models that share a device share it as those on CPUs
// do not yet: the second finds what the first has left, so it is placed once that is loaded.
std::vector<ModelPlan> plan_all(const std::vector<Settled>& models) {
  std::vector<ModelSettings> settings;
  std::vector<ModelInfo> infos;
  std::vector<Placement> placements;
  for (const Settled& model : models) {
    settings.push_back(model.settings);
    infos.push_back(model.info);
    placements.push_back(model.placement);
  }
  return plan_models(settings, infos, placements, available_memory());
}

}  // namespace

int thread_count(const RuntimeSettings& settings) {
  return settings.threads > 0 ? settings.threads : default_thread_count();
}

Runtime::Runtime(const RuntimeSettings& settings, const std::vector<ModelSettings>& models,
                 const RuntimeProgress& progress) {
  ESTOC_CHECK(!models.empty());
  std::vector<Checkpoint> checkpoints;
  for (const ModelSettings& model : models) checkpoints.push_back(open_checkpoint(model.model));
  check_names(checkpoints, models);
  std::vector<Settled> settled;
  for (size_t i = 0; i < models.size(); ++i) {
    settled.push_back(settle(models[i], *checkpoints[i].weights, available_memory() / models.size()));
  }
  const std::vector<ModelPlan> plans = plan_all(settled);
  const std::vector<CpuShare> cpus = split_cpus(thread_count(settings), static_cast<int>(models.size()));
  for (size_t i = 0; i < models.size(); ++i) {
    const std::string name = served_name(models[i], checkpoints[i]);
    LoadProgress told;
    if (progress) told = [&](uint64_t done, uint64_t total) { progress(name, done, total); };
    models_.push_back(
        std::make_unique<Served>(std::move(checkpoints[i]), settled[i], plans[i], cpus[i], settings.pinning, told));
    settled[i] = {};  // lets go of the device
  }
}

}  // namespace estoc
