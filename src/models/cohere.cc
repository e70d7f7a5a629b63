// The Cohere families (Command R, Aya): attention and MLP beside each other behind one layer norm, rotations of
// adjacent pairs, scaled logits; the first has norms with weights for each head where the config says so, the second
// has windows and tells positions only in layers that have them. Source: transformers models/cohere and models/cohere2
// (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"CohereForCausalLM", "Cohere2ForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_q_norm", "self_attn.q_norm"}, {"attn_k_norm", "self_attn.k_norm"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "command-r", .architecture = "CohereForCausalLM", .model_type = "cohere", .renames = kRenames},
    {.name = "cohere2", .architecture = "Cohere2ForCausalLM", .model_type = "cohere2"}};
constexpr std::string_view kComputes[] = {"layer_types", "logit_scale", "logits_scaling", "sliding_window_pattern",
                                          "use_qk_norm"};

void add_windows(const ConfigReader& config, DecoderSpec& decoder) {
  constexpr int kPatternMax = 1024, kWindowMax = 1 << 30;
  const std::vector<bool> slides =
      layers_of_type(config, static_cast<int>(decoder.layers.size()), "sliding_attention", "full_attention");
  const auto pattern = static_cast<size_t>(config.integer("sliding_window_pattern", 1, kPatternMax, 4));
  const int window = config.integer("sliding_window", 1, kWindowMax, 4096);
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    auto& attention = std::get<AttentionSpec>(decoder.layers[layer].mixer);
    const bool has_window = slides.empty() ? (layer + 1) % pattern != 0 : slides[layer];
    attention.window = has_window ? window : 0;
    if (!has_window) attention.rope = AttentionSpec::kNoRope;
  }
}

DecoderSpec describe(const WeightSource& source) {
  constexpr double kScaleMin = 1e-6, kScaleMax = 1e6;
  const ConfigReader config(source);
  const bool is_second = config.text("model_type", "") == "cohere2";
  DecoderSpec decoder = describe_llama(source, {.rope = {.theta = is_second ? 1e4 : 5e5, .is_interleaved = true},
                                                .norm = NormSpec::Kind::layer,
                                                .epsilon = 1e-5});
  // GGUF has one key for what others divide by and these multiply with.
  const double scale = config.number("logits_scaling", kScaleMin, kScaleMax, 0.0625);
  decoder.logit_scale = static_cast<float>(config.number("logit_scale", kScaleMin, kScaleMax, scale));
  // GGUF says it by the tensors that are there.
  const bool has_head_norms = config.boolean(
      "use_qk_norm", source.container() == "gguf" && source.find("model.layers.0.self_attn.q_norm.weight") != nullptr);
  for (LayerSpec& layer : decoder.layers) {
    auto& attention = std::get<AttentionSpec>(layer.mixer);
    layer.is_parallel = true;
    layer.mlp_norm.reset();
    attention.window = 0;
    if (is_second || !has_head_norms) continue;
    attention.norm_span = HeadNormSpan::head_own;
    attention.q_norm = attention.k_norm = decoder.norm;
    attention.q_norm->name = attention.name + ".q_norm";
    attention.k_norm->name = attention.name + ".k_norm";
  }
  if (is_second) add_windows(config, decoder);
  return decoder;
}

}  // namespace

extern const ModelFamily cohere;
constinit const ModelFamily cohere = {.name = "cohere",
                                      .architectures = kArchitectures,
                                      .describe = describe,
                                      .naming = {.gguf = kGguf},
                                      .computes = kComputes};

}  // namespace estoc
