// The Granite 4 family: layers of Mamba-2 with few of attention between them, which mostly are not told positions, and
// Granite's scales of embedding, residual stream, scores and logits. The smallest ones are attention alone, the larger
// ones have experts beside the MLP. Source: transformers models/granitemoehybrid (5.23); checked against tests/golden/.
#include <algorithm>

#include "base/error.h"
#include "layers/rope.h"
#include "models/family.h"
#include "models/llama.h"
#include "models/mamba2_config.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"GraniteMoeHybridForCausalLM"};
constexpr std::string_view kComputes[] = {"attention_multiplier", "embedding_multiplier", "layer_types",
                                          "logits_scaling",       "num_local_experts",    "residual_multiplier"};
constexpr double kScaleMax = 1e6;

// Whether attention is told positions.
bool has_positions(const ConfigReader& config) {
  constexpr std::string_view kKey = "position_embedding_type";
  const std::string kind = config.text(kKey, "nope");
  if (kind != "rope" && kind != "nope") {
    fail(ErrorCode::corrupt_file, "{}: {} is '{}', expected rope, nope or null", config.file(), config.spelling(kKey),
         kind.substr(0, 100));
  }
  return kind == "rope";
}

// Gate and up in one tensor.
GatedMlpSpec shared_mlp(const std::string& name, int width, Activation activation) {
  GatedMlpSpec mlp = {.name = name, .width = width, .activation = activation};
  mlp.gate = mlp.up = {.name = name + ".input_linear", .tensor_rows = 2 * int64_t{width}};
  mlp.up.first_row = width;
  mlp.down = {.name = name + ".output_linear"};
  return mlp;
}

// Experts beside the shared MLP; weights are a softmax over the chosen.
MoeSpec mixture(const ConfigReader& config, const std::string& layer, const GatedMlpSpec& shared) {
  const std::string name = layer + ".block_sparse_moe";
  MoeSpec moe;
  moe.name = name;
  moe.rule.score = RouterRule::Score::softmax_of_chosen;
  moe.rule.experts = config.integer("num_local_experts", 1, kExpertsMax);
  moe.rule.chosen = config.integer("num_experts_per_tok", 1, moe.rule.experts);
  moe.router = name + ".router.layer";
  moe.experts = name;
  moe.gate_up = "input_linear", moe.down = "output_linear";
  moe.width = mlp_width(config);
  moe.activation.function = shared.activation;
  moe.shared =
      SharedExpertSpec{.name = shared.name, .down = "output_linear", .gate_up = "input_linear", .width = shared.width};
  return moe;
}

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  const int layers = layer_count(config);
  DecoderSpec decoder = describe_sizes(config);
  AttentionSpec attention = describe_attention(config, decoder.hidden);
  attention.scale = static_cast<float>(config.number("attention_multiplier", 0, kScaleMax, 1));
  if (has_positions(config)) {
    decoder.ropes = {read_rope(source, {.head_dim = attention.head_dim})};
  } else {
    attention.rope = AttentionSpec::kNoRope;
  }
  const std::vector<bool> attends = attention_layers(config, "layer_types", layers);
  const bool has_mamba = attends.empty() || std::ranges::find(attends, false) != attends.end();
  const Activation activation = read_activation(config, "hidden_act", "silu");
  const int width = config.integer("shared_intermediate_size", 1, 1 << 20, 1024);
  const auto epsilon = static_cast<float>(config.number("rms_norm_eps", 0, 1, 1e-6));
  const bool has_experts = config.integer("num_local_experts", 0, kExpertsMax, 0) > 0;
  Mamba2Spec mamba;
  if (has_mamba) mamba = describe_mamba2(config, {}, decoder.hidden);
  mamba.epsilon = epsilon;
  decoder.embedding_scale = static_cast<float>(config.number("embedding_multiplier", 0, kScaleMax, 1));
  decoder.logit_scale = static_cast<float>(1 / config.number("logits_scaling", 1e-6, kScaleMax, 1));
  decoder.norm = {"model.norm", epsilon};
  for (int layer = 0; layer < layers; ++layer) {
    const std::string name = "model.layers." + std::to_string(layer);
    LayerSpec spec{.input_norm = NormSpec{name + ".input_layernorm", epsilon},
                   .mlp_norm = NormSpec{name + ".post_attention_layernorm", epsilon},
                   .mlp = shared_mlp(name + ".shared_mlp", width, activation),
                   .residual_scale = static_cast<float>(config.number("residual_multiplier", 0, kScaleMax, 1))};
    if (has_experts) spec.mlp = mixture(config, name, std::get<GatedMlpSpec>(spec.mlp));
    if (!attends.empty() && attends[static_cast<size_t>(layer)]) {
      name_attention(attention, name + ".self_attn");
      spec.mixer = attention;
    } else {
      mamba.name = name + ".mamba";
      spec.mixer = mamba;
    }
    decoder.layers.push_back(std::move(spec));
  }
  return decoder;
}

}  // namespace

extern const ModelFamily granite_hybrid;
constinit const ModelFamily granite_hybrid = {
    .name = "granite_hybrid", .architectures = kArchitectures, .describe = describe, .computes = kComputes};

}  // namespace estoc
