#include "serving/served.h"

#include <fmt/format.h>

#include "base/home_folders.h"
#include "serving/weight_choice.h"

namespace estoc {
namespace {

std::unique_ptr<PackCache> open_packs(const ModelSettings& settings, const WeightSource& weights, ThreadTeam& team) {
  // Less than this is packed in the time it takes to find the file (some 50 ms on two cores).
  constexpr uint64_t kWorthKeeping = 64 << 20;
  if (settings.pack_place == PackPlace::nowhere || settings.compute != ComputeMode::fast) return nullptr;
  PackCacheOptions options{settings.pack_directory, 0};
  if (settings.pack_place == PackPlace::cache) options = {cache_directory() + "/packed", kWorthKeeping};
  return std::make_unique<PackCache>(std::move(options), weights, team);
}

ModelOptions options_of(const Settled& settled, PackedStore* packs, const LoadProgress& progress) {
  ModelOptions options = load_options(settled);
  options.packed_store = packs;
  options.progress = progress;
  return options;
}

}  // namespace

const std::string& served_name(const ModelSettings& settings, const Checkpoint& checkpoint) {
  return settings.name.empty() ? checkpoint.name : settings.name;
}

Served::Served(Checkpoint&& opened, const Settled& settled, const ModelPlan& plan, CpuShare cpus, Pinning pinning,
               const LoadProgress& progress)
    : settings(settled.settings),
      plan(plan),
      placed(!settled.placement.has_device() ? std::string() : placement_text(settled.placement)),
      name(served_name(settings, opened)),
      checkpoint(std::move(opened)),
      team(cpus.count, pinning, cpus.first),
      packs(settled.placement.has_device() ? nullptr : open_packs(settings, *checkpoint.weights, team)),
      model(load_model(*checkpoint.weights, team, options_of(settled, packs.get(), progress))),
      memory(place_memory(settled.placement, model->info().weight_bytes, plan.engine.kv_bytes)) {
  if (packs != nullptr) packs->keep();
  if (*settings.weights != WeightType::as_stored) {
    weights = {weight_type_name(*settings.weights), divergence_from_stored(checkpoint, *model, settings, team)};
    rounded = fmt::format(
        "floating-point weights are rounded to {}: {:.5f} nats a token from as they are stored, on a sample",
        weights.type, *weights.divergence);
  }
  engine = std::make_unique<Engine>(*model, plan.engine, &team);
  constraints = std::make_unique<grammar::ConstraintCache>(*checkpoint.tokenizer, model->info().vocab);
}

}  // namespace estoc
