// The Phi-3 family: Phi-3, 3.5 and 4, with 4-mini. Llama's decoder with queries, keys and values in one tensor and gate
// and up in another; the mini ones turn part of a head and have frequencies for long sequences.
// Source: transformers models/phi3 (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Phi3ForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_qkv", "self_attn.qkv_proj"}, {"ffn_up", "mlp.gate_up_proj"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "phi3", .architecture = "Phi3ForCausalLM", .model_type = "phi3", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"partial_rotary_factor"};

DecoderSpec describe(const WeightSource& source) {
  DecoderSpec decoder = describe_llama(source);
  for (LayerSpec& layer : decoder.layers) {
    auto& attention = std::get<AttentionSpec>(layer.mixer);
    fuse_attention(attention, attention.name + ".qkv_proj");
    fuse_gate_up(std::get<GatedMlpSpec>(layer.mlp));
  }
  return decoder;
}

}  // namespace

extern const ModelFamily phi3;
constinit const ModelFamily phi3 = {.name = "phi3",
                                    .architectures = kArchitectures,
                                    .describe = describe,
                                    .naming = {.gguf = kGguf},
                                    .computes = kComputes};

}  // namespace estoc
