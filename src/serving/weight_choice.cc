#include "serving/weight_choice.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "models/single_sequence.h"
#include "serving/model_plan.h"

namespace estoc {
namespace {

// Prose, numbers, code and another language: what a model is to be sure of and what it is not.
constexpr std::string_view kSample =
    "The lighthouse keeper wrote the date, 14 March 1911, and then: \"Wind north-west, 38 knots, falling.\" "
    "for (int i = 0; i < count; ++i) total += prices[i]; Das Wasser stieg bis zur dritten Stufe, und niemand";
constexpr size_t kSampleTokens = 48;

// log of the sum of exponentials
double log_sum(const float* logits, size_t count) {
  const double largest = *std::max_element(logits, logits + count);
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += std::exp(logits[i] - largest);
  return largest + std::log(sum);
}

double divergence(const float* from, const float* to, size_t count) {
  const double from_sum = log_sum(from, count), to_sum = log_sum(to, count);
  double result = 0;
  for (size_t i = 0; i < count; ++i) {
    const double log_from = from[i] - from_sum;
    result += std::exp(log_from) * (log_from - (to[i] - to_sum));
  }
  return result;
}

}  // namespace

WeightType choose_weights(const ModelSettings& settings, const WeightSource& weights, const ModelInfo& stored,
                          const Placement& placement, uint64_t memory_bytes) {
  const WeightType given = settings.weights.value_or(WeightType::as_stored);
  if (given != WeightType::as_stored && settings.compute == ComputeMode::exact) {
    fail(ErrorCode::invalid_argument, "--weights {} rounds, and --compute exact does not: give one of them",
         weight_type_name(given));
  }
  if (given != WeightType::as_stored && placement.has_device()) {
    fail(ErrorCode::invalid_argument,
         "--weights {} is of CPUs, and a device has layers as they are stored: give one of them",
         weight_type_name(given));
  }
  if (settings.weights || settings.compute == ComputeMode::exact || placement.has_device()) return given;
  const auto context = static_cast<uint64_t>(std::min(settings.engine.context, stored.context_max));
  const uint64_t kv = context / kKvBlockTokens * stored.state.position_block_bytes(choose_kv_type(settings));
  if (stored.weight_bytes + kv <= memory_bytes) return WeightType::as_stored;
  const ModelInfo rounded = describe_model(weights, settings.compute, WeightType::int8);
  return rounded.weight_bytes + kv <= memory_bytes ? WeightType::int8 : WeightType::int4;
}

double divergence_from_stored(const Checkpoint& checkpoint, const Model& model, const ModelSettings& settings,
                              ThreadTeam& team) {
  std::vector<TokenId> tokens = checkpoint.tokenizer->encode(kSample, {.add_special = true, .parse_special = false});
  const auto vocab = static_cast<size_t>(model.info().vocab);
  tokens.resize(std::min({tokens.size(), kSampleTokens, static_cast<size_t>(model.info().context_max)}));
  const auto stored = load_model(*checkpoint.weights, team,
                                 {.compute = settings.compute,
                                  .activations = settings.activations,
                                  .context = settings.engine.context,
                                  .is_deterministic = settings.is_deterministic});
  const auto count = static_cast<int>(tokens.size());
  SingleSequence original(*stored, KvType::f32, count, count), rounded(model, KvType::f32, count, count);
  const auto expected = original.forward(tokens), found = rounded.forward(tokens);
  double sum = 0;
  for (size_t i = 0; i < tokens.size(); ++i) sum += divergence(&expected[i * vocab], &found[i * vocab], vocab);
  checkpoint.weights->release_pages();
  return sum / static_cast<double>(tokens.size());
}

}  // namespace estoc
