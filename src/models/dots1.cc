// The dots.llm1 family: Qwen3's attention, experts with sigmoid scores behind dense first layers, and shared experts.
// Source: transformers models/dots1 (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"
#include "models/mixture.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Dots1ForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_q_norm", "self_attn.q_norm"},
                                   {"attn_k_norm", "self_attn.k_norm"},
                                   {"ffn_gate_shexp", "mlp.shared_experts.gate_proj"},
                                   {"ffn_up_shexp", "mlp.shared_experts.up_proj"},
                                   {"ffn_down_shexp", "mlp.shared_experts.down_proj"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "dots1", .architecture = "Dots1ForCausalLM", .model_type = "dots1", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"first_k_dense_replace", "layer_types", "n_routed_experts", "num_experts",
                                          "num_local_experts"};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_llama(source);
  const int dense = config.integer("first_k_dense_replace", 0, 1 << 20, 0);
  const std::vector<bool> windows =
      layers_of_type(config, static_cast<int>(decoder.layers.size()), "sliding_attention", "full_attention");
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    LayerSpec& spec = decoder.layers[layer];
    auto& attention = std::get<AttentionSpec>(spec.mixer);
    attention.q_norm = NormSpec{attention.name + ".q_norm", decoder.norm.epsilon};
    attention.k_norm = NormSpec{attention.name + ".k_norm", decoder.norm.epsilon};
    if (windows.empty() || !windows[layer]) attention.window = 0;
    if (static_cast<int>(layer) < dense) continue;
    spec.mlp = read_sigmoid_mixture(config, std::get<GatedMlpSpec>(spec.mlp).name);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily dots1;
constinit const ModelFamily dots1 = {.name = "dots1",
                                     .architectures = kArchitectures,
                                     .describe = describe,
                                     .naming = {.gguf = kGguf},
                                     .computes = kComputes};

}  // namespace estoc
