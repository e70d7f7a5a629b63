#include "serving/served_encoder.h"

#include "base/error.h"
#include "serving/open_packs.h"
#include "serving/served.h"

namespace estoc {

void check_encoder_settings(const ModelSettings& settings, const Checkpoint& checkpoint) {
  const bool is_on_cpus = settings.device == "auto" || settings.device == "cpu";
  if (is_on_cpus && settings.places.empty() && settings.gpu_layers.value_or(0) == 0) return;
  fail(ErrorCode::unsupported,
       "{}: encoders are computed by CPUs only, so --device, --gpu-layers and --place cannot ask for anything else",
       checkpoint.path);
}

EncoderOptions encoder_options(const ModelSettings& settings) {
  const WeightType type = settings.weights.value_or(WeightType::as_stored);
  if (type != WeightType::as_stored && settings.compute == ComputeMode::exact) {
    fail(ErrorCode::invalid_argument, "--weights {} rounds, and --compute exact does not: give one of them",
         weight_type_name(type));
  }
  return {.compute = settings.compute,
          .activations = settings.activations,
          .weights = type,
          .is_deterministic = settings.is_deterministic};
}

EncodingConfig plan_encoder(const ModelSettings& settings) {
  const EngineConfig& asked = settings.engine;
  EncodingConfig config;
  config.context = asked.context;
  if (asked.batch_tokens_max > 0) config.batch_tokens_max = asked.batch_tokens_max;
  if (asked.sequences_max > 0) config.batch_texts_max = asked.sequences_max;
  if (asked.target_tbt_s > 0) config.target_batch_s = asked.target_tbt_s;
  config.queue_max = asked.queue_max;
  config.queue_work_max_s = asked.queue_work_max_s;
  config.queue_timeout_s = asked.queue_timeout_s;
  return config;
}

ServedEncoder::ServedEncoder(Checkpoint&& opened, const ModelSettings& given, CpuShare cpus, Pinning pinning,
                             const std::function<void(uint64_t done, uint64_t total)>& progress)
    : settings(given),
      name(served_name(settings, opened)),
      checkpoint(std::move(opened)),
      team(cpus.count, pinning, cpus.first),
      packs(open_packs(settings, *checkpoint.weights, team)) {
  EncoderOptions options = encoder_options(settings);
  options.packed_store = packs.get();
  options.progress = progress;
  encoder = load_encoder(*checkpoint.weights, team, options);
  if (packs != nullptr) packs->keep();
  engine = std::make_unique<EncodingEngine>(*encoder, plan_encoder(settings), &team);
}

}  // namespace estoc
