#include "apps/read_settings.h"

#include <fmt/format.h>

#include <charconv>

#include "base/error.h"

namespace estoc {
namespace {

std::optional<KvType> read_kv_type(const std::string& name) {
  for (int i = 0; i < kKvTypeCount; ++i) {
    if (name == kv_type_name(static_cast<KvType>(i))) return static_cast<KvType>(i);
  }
  return {};
}

Activations read_activations(const std::string& name) {
  if (name == "int8") return Activations::int8;
  return name == "int16" ? Activations::int16 : Activations::automatic;
}

std::optional<WeightType> read_weights(const std::string& name) {
  for (const WeightType type : {WeightType::as_stored, WeightType::bf16, WeightType::int8, WeightType::int4}) {
    if (name == weight_type_name(type)) return type;
  }
  return {};
}

std::optional<int> read_gpu_layers(const std::string& text) {
  if (text == "auto") return {};
  int layers = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), layers);
  if (error != std::errc() || end != text.data() + text.size() || layers < 0) {
    fail(ErrorCode::invalid_argument, "--gpu-layers: '{}' is not a number of layers, expected auto or 0 and up", text);
  }
  return layers;
}

std::vector<PlacedLayers> read_places(const ModelOptionValues& options) {
  if (options.places.empty()) return {};
  if (options.device != "auto" || options.gpu_layers != "auto") {
    fail(ErrorCode::invalid_argument,
         "--place says where all layers go, so neither --device nor --gpu-layers can be given beside it");
  }
  return parse_places(options.places);
}

PackPlace read_pack_place(const std::string& name) {
  if (name == "auto") return PackPlace::cache;
  return name == "off" ? PackPlace::nowhere : PackPlace::directory;
}

}  // namespace

ModelSettings read_model_settings(const NamedModel& model, const ModelOptionValues& options) {
  ModelSettings settings;
  settings.model = model.path;
  settings.name = model.name;
  settings.device = options.device;
  settings.gpu_layers = read_gpu_layers(options.gpu_layers);
  settings.places = read_places(options);
  settings.compute = options.compute == "exact" ? ComputeMode::exact : ComputeMode::fast;
  settings.activations = read_activations(options.activations);
  settings.weights = read_weights(options.weights);
  settings.is_deterministic = options.is_deterministic;
  settings.kv_type = read_kv_type(options.kv_type);
  settings.pack_place = read_pack_place(options.pack_cache);
  if (settings.pack_place == PackPlace::directory) settings.pack_directory = options.pack_cache;
  settings.engine.context = options.context;
  settings.engine.sequences_max = options.sequences_max;
  settings.engine.batch_tokens_max = options.batch_tokens_max;
  if (!options.kv_memory.empty()) settings.engine.kv_bytes = parse_bytes("--kv-memory", options.kv_memory);
  return settings;
}

RuntimeSettings read_runtime_settings(const ModelOptionValues& options) {
  return {options.threads, options.is_pinned ? Pinning::cores : Pinning::none};
}

std::string kv_reason_text(const ModelPlan& plan) {
  switch (plan.kv_reason) {
    case KvReason::asked:
      return "--kv-memory";
    case KvReason::one_context:
      return "one context";
    case KvReason::all_contexts:
      return fmt::format("{} contexts", plan.engine.sequences_max);
    case KvReason::memory:
      break;
  }
  return fmt::format("{} of the {} free beside the weights",
                     plan.engine.kv_bytes == plan.free_bytes / 4 ? "a quarter" : "a part of a quarter",
                     format_bytes(plan.free_bytes));
}

}  // namespace estoc
