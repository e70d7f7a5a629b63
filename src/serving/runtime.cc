#include "serving/runtime.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/cpus.h"
#include "base/error.h"
#include "base/memory.h"
#include "serving/settled.h"

namespace estoc {
namespace {

std::vector<std::string> names_of(const std::vector<Checkpoint>& checkpoints,
                                  const std::vector<ModelSettings>& models) {
  std::set<std::string> names;
  std::vector<std::string> list;
  for (size_t i = 0; i < models.size(); ++i) {
    list.push_back(served_name(models[i], checkpoints[i]));
    if (names.insert(list.back()).second) continue;
    fail(ErrorCode::invalid_argument, "two models are called '{}': give each a name of its own", list.back());
  }
  return list;
}

// What each may have of the memory where it goes. Models that share a device share it as those on CPUs
// do not yet: the second finds what the first has left, so it is placed once that is loaded.
std::vector<ModelPlan> plan_all(const std::vector<Settled>& models, uint64_t memory_bytes) {
  std::vector<ModelSettings> settings;
  std::vector<ModelInfo> infos;
  std::vector<Placement> placements;
  for (const Settled& model : models) {
    settings.push_back(model.settings);
    infos.push_back(model.info);
    placements.push_back(model.placement);
  }
  return plan_models(settings, infos, placements, memory_bytes);
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
  names_ = names_of(checkpoints, models);
  std::vector<Settled> settled;
  std::vector<size_t> places;  // in `settled`; of encoders none
  uint64_t encoder_bytes = 0;
  for (size_t i = 0; i < models.size(); ++i) {
    places.push_back(settled.size());
    if (is_encoder(*checkpoints[i].weights)) {
      check_encoder_settings(models[i], checkpoints[i]);
      encoder_bytes += describe_encoder(*checkpoints[i].weights, encoder_options(models[i])).weight_bytes;
    } else {
      settled.push_back(settle(models[i], *checkpoints[i].weights, available_memory() / models.size()));
    }
  }
  const uint64_t memory_bytes = available_memory();
  const std::vector<ModelPlan> plans = plan_all(settled, memory_bytes - std::min(memory_bytes, encoder_bytes));
  const std::vector<CpuShare> cpus = split_cpus(thread_count(settings), static_cast<int>(models.size()));
  for (size_t i = 0; i < models.size(); ++i) {
    LoadProgress told;
    if (progress) told = [&](uint64_t done, uint64_t total) { progress(names_[i], done, total); };
    if (is_encoder(*checkpoints[i].weights)) {
      encoders_.push_back(
          std::make_unique<ServedEncoder>(std::move(checkpoints[i]), models[i], cpus[i], settings.pinning, told));
      continue;
    }
    Settled& own = settled[places[i]];
    models_.push_back(
        std::make_unique<Served>(std::move(checkpoints[i]), own, plans[places[i]], cpus[i], settings.pinning, told));
    own = {};  // lets go of the device
  }
}

Served& Runtime::first() const {
  if (!models_.empty()) return *models_.front();
  const bool embeds = encoders_.front()->encoder->info().task == EncoderInfo::Task::embed;
  fail(ErrorCode::unsupported, "{} {} and generates no text: {}", names_.front(),
       embeds ? "makes vectors of texts" : "scores pairs of texts",
       embeds ? "`estoc embed` prints them, `estoc serve` answers /v1/embeddings"
              : "`estoc serve` answers /v1/rerank and /v1/score");
}

}  // namespace estoc
