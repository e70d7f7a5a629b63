// The Qwen3-Next family: Qwen's hybrids (qwen_hybrid.h) before experts, with the
// projections of delta nets packed by key heads.
// Source: transformers models/qwen3_next (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/qwen_hybrid.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Qwen3NextForCausalLM"};
constexpr GgufArchitecture kGguf[] = {{.name = "qwen3next",
                                       .architecture = "Qwen3NextForCausalLM",
                                       .model_type = "qwen3_next",
                                       .renames = kQwenHybridRenames}};

// Each key head has its q and k, then v and z of its value heads, and in another tensor their b and a. GGUF has the
// first of these taken apart, but in its first files.
void pack(const WeightSource& source, GatedDeltaSpec& delta) {
  const std::string name = delta.name;
  const int64_t shared = delta.value_heads / delta.key_heads;
  delta.b = {.name = name + ".in_proj_ba",
             .tensor_rows = 2 * int64_t{delta.value_heads},
             .group_rows = shared,
             .group_stride = 2 * shared};
  delta.a = delta.b;
  delta.a.first_row = shared;
  if (source.container() == "gguf" && source.find(name + ".in_proj_qkvz.weight") == nullptr) return;
  const int64_t values = shared * delta.value_dim, all = 2 * (delta.key_dim + values);
  delta.q = {.name = name + ".in_proj_qkvz",
             .tensor_rows = delta.key_heads * all,
             .group_rows = delta.key_dim,
             .group_stride = all};
  delta.k = delta.v = delta.z = delta.q;
  delta.k.first_row = delta.key_dim;
  delta.v.group_rows = delta.z.group_rows = values;
  delta.v.first_row = 2 * int64_t{delta.key_dim};
  delta.z.first_row = delta.v.first_row + values;
}

DecoderSpec describe(const WeightSource& source) {
  DecoderSpec decoder = describe_qwen_hybrid(source);
  for (LayerSpec& layer : decoder.layers) {
    if (auto* delta = std::get_if<GatedDeltaSpec>(&layer.mixer)) pack(source, *delta);
  }
  add_experts(source, decoder);
  return decoder;
}

}  // namespace

extern const ModelFamily qwen3_next;
constinit const ModelFamily qwen3_next = {.name = "qwen3_next",
                                          .architectures = kArchitectures,
                                          .describe = describe,
                                          .naming = {.gguf = kGguf},
                                          .computes = kQwenHybridMoeKeys};

}  // namespace estoc
