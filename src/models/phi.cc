// The first Phi family, Phi-1 to Phi-2: layer norms, attention and a plain MLP beside each other behind one norm,
// rotations of a part of each head, biases everywhere, the head included.
// Source: transformers models/phi (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"PhiForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_qkv", "self_attn.qkv_proj"},
                                   {"attn_output", "self_attn.dense"},
                                   {"ffn_up", "mlp.fc1"},
                                   {"ffn_down", "mlp.fc2"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "phi2", .architecture = "PhiForCausalLM", .model_type = "phi", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"partial_rotary_factor"};

DecoderSpec describe(const WeightSource& source) {
  DecoderSpec decoder = describe_llama(
      source, {.rope = {.partial = 0.5}, .norm = NormSpec::Kind::layer, .epsilon = 1e-5, .activation = "gelu_new"});
  // Older GGUF files have queries, keys and values in one tensor.
  const bool is_fused = source.find(layer_name(0) + ".self_attn.qkv_proj.weight") != nullptr;
  for (LayerSpec& layer : decoder.layers) {
    auto& attention = std::get<AttentionSpec>(layer.mixer);
    if (is_fused) fuse_attention(attention, attention.name + ".qkv_proj");
    attention.output = {.name = attention.name + ".dense"};
    layer.mlp = plain_mlp(layer.mlp, "fc1", "fc2");
    layer.mlp_norm.reset();
    layer.is_parallel = true;
  }
  return decoder;
}

}  // namespace

extern const ModelFamily phi;
constinit const ModelFamily phi = {.name = "phi",
                                   .architectures = kArchitectures,
                                   .describe = describe,
                                   .naming = {.gguf = kGguf},
                                   .computes = kComputes};

}  // namespace estoc
