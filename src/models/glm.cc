// The dense GLM families, GLM-4 9B and its successor of 0414: Llama's decoder with rotations of adjacent pairs in half
// of each head, gate and up in one tensor, and in the successor a norm after each part, too.
// Source: transformers models/glm and models/glm4 (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"GlmForCausalLM", "Glm4ForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_qkv", "self_attn.qkv_proj"}, {"ffn_up", "mlp.gate_up_proj"}};
constexpr GgufRename kRenames4[] = {{"ffn_up", "mlp.gate_up_proj"},
                                    {"post_attention_norm", "post_self_attn_layernorm"},
                                    {"post_ffw_norm", "post_mlp_layernorm"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "chatglm", .architecture = "GlmForCausalLM", .model_type = "glm", .renames = kRenames},
    {.name = "glm4", .architecture = "Glm4ForCausalLM", .model_type = "glm4", .renames = kRenames4}};
constexpr std::string_view kComputes[] = {"partial_rotary_factor"};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_llama(source, {.rope = {.partial = 0.5, .is_interleaved = true}});
  // GGUF files of ChatGLM's own checkpoints have queries, keys and values in one tensor.
  const bool is_fused = source.find(layer_name(0) + ".self_attn.qkv_proj.weight") != nullptr;
  const bool has_output_norms = config.text("model_type", "") == "glm4";
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    LayerSpec& spec = decoder.layers[layer];
    fuse_gate_up(std::get<GatedMlpSpec>(spec.mlp));
    auto& attention = std::get<AttentionSpec>(spec.mixer);
    if (is_fused) fuse_attention(attention, attention.name + ".qkv_proj");
    if (!has_output_norms) continue;
    const std::string name = layer_name(layer);
    spec.mixer_output_norm = NormSpec{name + ".post_self_attn_layernorm", decoder.norm.epsilon};
    spec.mlp_output_norm = NormSpec{name + ".post_mlp_layernorm", decoder.norm.epsilon};
  }
  return decoder;
}

}  // namespace

extern const ModelFamily glm;
constinit const ModelFamily glm = {.name = "glm",
                                   .architectures = kArchitectures,
                                   .describe = describe,
                                   .naming = {.gguf = kGguf},
                                   .computes = kComputes};

}  // namespace estoc
