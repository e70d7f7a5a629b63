// The dense Qwen3 family: Llama's decoder with an RMS norm over each query and key head before the rotary embedding.
// Heads are as wide as the config says, mostly wider than hidden / heads.
// Source: transformers models/qwen3 (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"
#include "models/qwen_windows.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Qwen3ForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_q_norm", "self_attn.q_norm"}, {"attn_k_norm", "self_attn.k_norm"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "qwen3", .architecture = "Qwen3ForCausalLM", .model_type = "qwen3", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"use_sliding_window"};

ModelInfo describe(const WeightSource& source) {
  ModelInfo info = describe_llama(source, "qwen3");
  read_qwen_windows(source, info);
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
