// The dense Qwen3 family: Llama's decoder with an RMS norm over each query and key head before the rotary embedding.
// Heads are as wide as the config says, mostly wider than hidden / heads.
// Source: transformers models/qwen3 (5.23); checked against tests/golden/.
#include <algorithm>

#include "models/family.h"
#include "models/llama.h"
#include "weights/config_reader.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Qwen3ForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_q_norm", "self_attn.q_norm"}, {"attn_k_norm", "self_attn.k_norm"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "qwen3", .architecture = "Qwen3ForCausalLM", .model_type = "qwen3", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"use_sliding_window"};

// Layers from max_window_layers on have a window when use_sliding_window says so; configs carry its width anyway.
ModelInfo describe(const WeightSource& source) {
  const ConfigReader config(source);
  ModelInfo info = describe_llama(source, "qwen3");
  const int first =
      config.boolean("use_sliding_window", false) ? config.integer("max_window_layers", 0, 1 << 20, 28) : info.layers;
  for (int layer = 0; layer < std::min(first, info.layers); ++layer) info.kv[static_cast<size_t>(layer)].window = 0;
  return info;
}

std::unique_ptr<Model> build(LoadContext& load, const ModelInfo& info, int rows_max) {
  DecoderShape shape = llama_shape(load.source, info);
  shape.has_head_norms = true;
  return build_llama(load, info, shape, rows_max);
}

}  // namespace

extern const ModelFamily qwen3;
constinit const ModelFamily qwen3 = {.name = "qwen3",
                                     .architectures = kArchitectures,
                                     .describe = describe,
                                     .build = build,
                                     .naming = {.gguf = kGguf},
                                     .computes = kComputes};

}  // namespace estoc
