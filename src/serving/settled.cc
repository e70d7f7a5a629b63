#include "serving/settled.h"

#include "serving/weight_choice.h"

namespace estoc {

Settled settle(const ModelSettings& settings, const WeightSource& weights, uint64_t memory_bytes) {
  Settled settled{.settings = settings, .info = describe_model(weights, settings.compute)};
  settled.placement = place_model(settings, weights, settled.info);
  const WeightType type = choose_weights(settings, weights, settled.info, settled.placement, memory_bytes);
  settled.settings.weights = type;
  if (type != WeightType::as_stored) settled.info = describe_model(weights, settings.compute, type);
  return settled;
}

ModelOptions load_options(const Settled& settled) {
  const ModelSettings& settings = settled.settings;
  return {.compute = settings.compute,
          .activations = settings.activations,
          .weights = *settings.weights,
          .context = settings.engine.context,
          .is_deterministic = settings.is_deterministic,
          .places = settled.placement.stacks};
}

}  // namespace estoc
