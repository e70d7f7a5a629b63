#include "serving/served.h"

#include <fmt/format.h>

#include "api/served_model.h"
#include "dialects/model_dialect.h"
#include "grammar/limits.h"
#include "serving/open_packs.h"
#include "serving/weight_choice.h"

namespace estoc {
namespace {

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
  dialect = {choose_dialect(checkpoint.dialect.calls, this->settings.tool_call_parser, name),
             choose_reasoning(checkpoint.dialect.reasoning, this->settings.reasoning_parser, name)};
  constraints = std::make_unique<grammar::ConstraintCache>(*checkpoint.tokenizer, model->info().vocab,
                                                           grammar::limits::kCompiledBytesMax,
                                                           api::mark_tokens_of(dialect, *checkpoint.tokenizer));
}

}  // namespace estoc
