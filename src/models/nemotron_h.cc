// The Nemotron-H family: every layer is one norm and one part, which is Mamba-2, attention without positions, or a
// plain MLP with a squared ReLU. Source: transformers models/nemotron_h (5.23); checked against tests/golden/.
#include <string>

#include "base/error.h"
#include "models/family.h"
#include "models/llama.h"
#include "models/mamba2_config.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"NemotronHForCausalLM"};
constexpr std::string_view kComputes[] = {"hybrid_override_pattern", "layer_types", "layers_block_type",
                                          "n_routed_experts"};
constexpr Mamba2Keys kKeys = {.heads = "mamba_num_heads",
                              .head_dim = "mamba_head_dim",
                              .groups = "n_groups",
                              .state_size = "ssm_state_size",
                              .conv_width = "conv_kernel",
                              .expand = "expand",
                              .activation = "mamba_hidden_act"};

// The kind of every layer as a letter of the older configs' pattern: M, * for attention, - for an MLP, E for experts.
std::string read_pattern(const ConfigReader& config) {
  constexpr std::string_view kPattern = "hybrid_override_pattern";
  constexpr std::string_view kLetters = "M*-E";
  std::string pattern = config.text(kPattern, "");
  const Json* types = config.find("layers_block_type");
  if (types == nullptr) types = config.find("layer_types");
  if (types != nullptr && types->is_array()) {
    constexpr std::pair<std::string_view, char> kKinds[] = {
        {"linear_attention", 'M'}, {"mamba", 'M'}, {"full_attention", '*'},
        {"attention", '*'},        {"mlp", '-'},   {"moe", 'E'}};
    pattern.clear();
    for (const Json& type : types->as_array()) {
      char letter = '?';
      for (const auto& [kind, its] : kKinds) {
        if (type == Json(std::string(kind))) letter = its;
      }
      pattern += letter;
    }
  }
  if (pattern.empty() || pattern.size() > 1024 || pattern.find_first_not_of(kLetters) != std::string::npos) {
    fail(ErrorCode::corrupt_file, "{}: neither layers_block_type nor {} is a list of the layers' kinds", config.file(),
         kPattern);
  }
  if (pattern.find('E') != std::string::npos) {
    fail(ErrorCode::unsupported, "{}: layers of experts are not computed in the family 'nemotron_h'", config.file());
  }
  return pattern;
}

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_sizes(config);
  AttentionSpec attention = describe_attention(config, decoder.hidden);
  attention.rope = AttentionSpec::kNoRope;
  const auto epsilon = static_cast<float>(config.number("layer_norm_epsilon", 0, 1, 1e-5));
  Mamba2Spec mamba = describe_mamba2(config, kKeys, decoder.hidden);
  mamba.epsilon = epsilon;
  mamba.step_min = static_cast<float>(config.number("time_step_min", 0, 1e6, 1e-3));
  const Activation activation = read_activation(config, "mlp_hidden_act", "relu2");
  const int width = mlp_width(config);
  const std::string pattern = read_pattern(config);
  decoder.norm = {"backbone.norm_f", epsilon};
  for (size_t layer = 0; layer < pattern.size(); ++layer) {
    const std::string name = "backbone.layers." + std::to_string(layer), part = name + ".mixer";
    const NormSpec norm{name + ".norm", epsilon};
    LayerSpec spec{.mixer = std::monostate()};
    if (pattern[layer] == '-') {
      spec.mlp_norm = norm;
      spec.mlp = PlainMlpSpec{.name = part,
                              .up = {.name = part + ".up_proj"},
                              .down = {.name = part + ".down_proj"},
                              .width = width,
                              .activation = activation};
    } else {
      spec.input_norm = norm;
      name_attention(attention, part);
      mamba.name = part;
      if (pattern[layer] == '*') {
        spec.mixer = attention;
      } else {
        spec.mixer = mamba;
      }
    }
    decoder.layers.push_back(std::move(spec));
  }
  return decoder;
}

}  // namespace

extern const ModelFamily nemotron_h;
constinit const ModelFamily nemotron_h = {.name = "nemotron_h",
                                          .architectures = kArchitectures,
                                          .describe = describe,
                                          .naming = {.embedding = "backbone.embeddings"},
                                          .computes = kComputes};

}  // namespace estoc
