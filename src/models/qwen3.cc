// The dense Qwen3 family: Llama's decoder with an RMS norm over each query and key head before the rotary embedding.
// Heads are as wide as the config says, mostly wider than hidden / heads.
// Source: transformers models/qwen3 (5.23); checked against tests/golden/.
#include "base/error.h"
#include "weights/config_reader.h"
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Qwen3ForCausalLM"};

ModelInfo describe(const WeightSource& source) {
  if (ConfigReader(source).boolean("use_sliding_window", false)) {
    // Its windows are counted by layer (max_window_layers); no published model has them.
    fail(ErrorCode::unsupported, "{}: use_sliding_window is true, which is not supported in this family (false is)",
         source.path());
  }
  ModelInfo info = describe_llama(source, "qwen3");
  for (KvLayerSpec& layer : info.kv) layer.window = 0;  // configs carry a width for it even though it is off
  return info;
}

std::unique_ptr<Model> build(LoadContext& load, const ModelInfo& info, int rows_max) {
  DecoderShape shape = llama_shape(load.source, info);
  shape.has_head_norms = true;
  return build_llama(load, info, shape, rows_max);
}

}  // namespace

extern const ModelFamily qwen3;
constinit const ModelFamily qwen3 = {
    .name = "qwen3", .architectures = kArchitectures, .describe = describe, .build = build};

}  // namespace estoc
