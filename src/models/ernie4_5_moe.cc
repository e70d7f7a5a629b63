// The ERNIE 4.5 mixtures: neighbours turn together, softmax scores with a correction that chooses, shared experts, and
// dense layers first.
// Source: transformers models/ernie4_5_moe (5.23); checked against tests/golden/.
#include "layers/rope.h"
#include "models/family.h"
#include "models/llama.h"
#include "models/mixture.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Ernie4_5_MoeForCausalLM"};
constexpr GgufRename kRenames[] = {{"exp_probs_b.bias", "mlp.moe_statics.e_score_correction_bias"},
                                   {"ffn_gate_shexp", "mlp.shared_experts.gate_proj"},
                                   {"ffn_up_shexp", "mlp.shared_experts.up_proj"},
                                   {"ffn_down_shexp", "mlp.shared_experts.down_proj"}};
constexpr GgufArchitecture kGguf[] = {{.name = "ernie4_5-moe",
                                       .architecture = "Ernie4_5_MoeForCausalLM",
                                       .model_type = "ernie4_5_moe",
                                       .renames = kRenames}};
// Its own names; what shared experts are wide is told by their number.
constexpr ConfigAlias kAliases[] = {{"moe_layer_start_index", "first_k_dense_replace"},
                                    {"moe_num_shared_experts", "n_shared_experts"}};
constexpr std::string_view kComputes[] = {"first_k_dense_replace", "moe_layer_interval", "moe_num_experts",
                                          "num_experts", "shared_expert_intermediate_size"};

DecoderSpec describe(const WeightSource& source) {
  constexpr int kLayersMax = 1 << 20;
  const ConfigReader config = ConfigReader(source).with(kAliases);
  DecoderSpec decoder = describe_llama(source);
  const int layers = static_cast<int>(decoder.layers.size());
  const int head_dim = std::get<AttentionSpec>(decoder.layers.front().mixer).head_dim;
  decoder.ropes = {read_rope(source, {.head_dim = head_dim, .theta = 500000, .is_interleaved = true})};
  const int first = config.integer("first_k_dense_replace", 0, kLayersMax, 1);
  const int last = config.integer("moe_layer_end_index", -1, kLayersMax, -1);
  const int step = config.integer("moe_layer_interval", 1, kLayersMax, 1);
  const int shared = config.integer("n_shared_experts", 0, 1024, 2);
  for (int layer = first; layer < layers && layer <= (last == -1 ? layers : last); ++layer) {
    if ((layer + 1) % step != 0) continue;
    LayerSpec& spec = decoder.layers[static_cast<size_t>(layer)];
    const std::string name = std::get<GatedMlpSpec>(spec.mlp).name;
    MoeSpec moe = read_mixture(config, name);
    moe.rule.is_normalized = true;
    moe.rule.epsilon = static_cast<float>(config.number("moe_norm_min", 0, 1, 1e-12));
    moe.correction = name + ".moe_statics.e_score_correction_bias";
    if (shared > 0) moe.shared = SharedExpertSpec{.name = name + ".shared_experts", .width = shared * moe.width};
    spec.mlp = std::move(moe);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily ernie4_5_moe;
constinit const ModelFamily ernie4_5_moe = {.name = "ernie4_5_moe",
                                            .architectures = kArchitectures,
                                            .describe = describe,
                                            .naming = {.gguf = kGguf},
                                            .computes = kComputes};

}  // namespace estoc
