// The StableLM family: Llama's decoder with layer norms and rotations of a part of each head; some models have the MLP
// beside the attention behind the same norm, and layer norms of their own for each query and key head.
// Source: transformers models/stablelm (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"StableLmForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_q_norm", "self_attn.q_layernorm"}, {"attn_k_norm", "self_attn.k_layernorm"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "stablelm", .architecture = "StableLmForCausalLM", .model_type = "stablelm", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"partial_rotary_factor", "qk_layernorm", "use_parallel_residual"};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder =
      describe_llama(source, {.rope = {.partial = 0.25}, .norm = NormSpec::Kind::layer, .epsilon = 1e-5});
  const bool is_parallel = config.boolean("use_parallel_residual", false);
  // GGUF says it by the tensors that are there.
  const bool has_head_norms =
      config.boolean("qk_layernorm", source.container() == "gguf" &&
                                         source.find(layer_name(0) + ".self_attn.q_layernorm.weight") != nullptr);
  for (LayerSpec& layer : decoder.layers) {
    if (is_parallel) {
      layer.is_parallel = true;
      layer.mlp_norm.reset();
    }
    if (!has_head_norms) continue;
    auto& attention = std::get<AttentionSpec>(layer.mixer);
    attention.norm_span = HeadNormSpan::head_own;
    attention.q_norm = attention.k_norm = decoder.norm;
    attention.q_norm->name = attention.name + ".q_layernorm";
    attention.k_norm->name = attention.name + ".k_layernorm";
  }
  return decoder;
}

}  // namespace

extern const ModelFamily stablelm;
constinit const ModelFamily stablelm = {.name = "stablelm",
                                        .architectures = kArchitectures,
                                        .describe = describe,
                                        .naming = {.gguf = kGguf},
                                        .computes = kComputes};

}  // namespace estoc
