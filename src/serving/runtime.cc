#include "serving/runtime.h"

#include <set>

#include "base/check.h"
#include "base/cpus.h"
#include "base/error.h"
#include "base/memory.h"

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

std::vector<ModelPlan> plan_all(const std::vector<Checkpoint>& checkpoints, const std::vector<ModelSettings>& models) {
  std::vector<ModelInfo> infos;
  for (size_t i = 0; i < models.size(); ++i) {
    infos.push_back(describe_model(*checkpoints[i].weights, models[i].compute));
  }
  return plan_models(models, infos, available_memory());
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
  const std::vector<ModelPlan> plans = plan_all(checkpoints, models);
  const std::vector<CpuShare> cpus = split_cpus(thread_count(settings), static_cast<int>(models.size()));
  for (size_t i = 0; i < models.size(); ++i) {
    const std::string name = served_name(models[i], checkpoints[i]);
    LoadProgress told;
    if (progress) told = [&](uint64_t done, uint64_t total) { progress(name, done, total); };
    models_.push_back(
        std::make_unique<Served>(std::move(checkpoints[i]), models[i], plans[i], cpus[i], settings.pinning, told));
  }
}

}  // namespace estoc
