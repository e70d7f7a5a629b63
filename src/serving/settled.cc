#include "serving/settled.h"

#include "serving/weight_choice.h"

namespace estoc {

Settled settle(const ModelSettings& settings, const WeightSource& weights, uint64_t memory_bytes) {
  Settled settled{.settings = settings};
  settled.placement = place_model(settings, weights, describe_model(weights, settings.compute));
  settled.settings.weights = choose_weights(settings, weights, settled.placement, memory_bytes);
  settled.info = describe_model(weights, settings.compute, *settled.settings.weights);
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
