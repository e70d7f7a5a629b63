// The SmolLM3 family: Llama's decoder, in every few layers of which positions are not told.
// Source: transformers models/smollm3 (5.23); checked against tests/golden/.
#include <algorithm>

#include "base/error.h"
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"SmolLM3ForCausalLM"};
constexpr GgufArchitecture kGguf[] = {
    {.name = "smollm3", .architecture = "SmolLM3ForCausalLM", .model_type = "smollm3", .has_interleaved_heads = true}};
constexpr std::string_view kComputes[] = {"layer_types", "no_rope_layer_interval", "no_rope_layers",
                                          "use_sliding_window"};

// A list of 1 for layers that turn and 0 for the others, or every how manieth layer does not turn.
std::vector<bool> turning_layers(const ConfigReader& config, size_t layers) {
  constexpr std::string_view kList = "no_rope_layers";
  const int interval = config.integer("no_rope_layer_interval", 1, 1 << 20, 4);
  std::vector<bool> turn;
  for (size_t layer = 0; layer < layers; ++layer) turn.push_back((layer + 1) % static_cast<size_t>(interval) != 0);
  const Json* list = config.find(kList);
  if (list == nullptr) return turn;
  const auto is_flag = [](const Json& item) { return item == Json(0) || item == Json(1); };
  if (!list->is_array() || list->as_array().size() < layers || !std::ranges::all_of(list->as_array(), is_flag)) {
    fail(ErrorCode::corrupt_file, "{}: {} is not a list of 0 or 1 for each of {} layers", config.file(),
         config.spelling(kList), layers);
  }
  for (size_t layer = 0; layer < layers; ++layer) turn[layer] = list->as_array()[layer] == Json(1);
  return turn;
}

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_llama(source, {.rope = {.theta = 2e6}});
  const std::vector<bool> turn = turning_layers(config, decoder.layers.size());
  const std::vector<bool> slides =
      layers_of_type(config, static_cast<int>(decoder.layers.size()), "sliding_attention", "full_attention");
  const bool has_windows = config.boolean("use_sliding_window", false);
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    auto& attention = std::get<AttentionSpec>(decoder.layers[layer].mixer);
    if (!turn[layer]) attention.rope = AttentionSpec::kNoRope;
    if (!has_windows || !(slides.empty() ? !turn[layer] : slides[layer])) attention.window = 0;
  }
  return decoder;
}

}  // namespace

extern const ModelFamily smollm3;
constinit const ModelFamily smollm3 = {.name = "smollm3",
                                       .architectures = kArchitectures,
                                       .describe = describe,
                                       .naming = {.gguf = kGguf},
                                       .computes = kComputes};

}  // namespace estoc
