// The ModernBERT family: norms before each part and behind the embedding, gated MLPs with both halves in one matrix,
// rotary positions, and two layers of windows, turned by frequencies of their own, to one that sees the whole text.
// Source: transformers models/modernbert (5.23); checked against tests/golden/.
#include <string>
#include <vector>

#include "layers/rope.h"
#include "models/encoder_family.h"
#include "models/llama.h"
#include "weights/config_reader.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"ModernBertModel", "ModernBertForMaskedLM",
                                               "ModernBertForSequenceClassification"};
constexpr GgufRename kRenames[] = {{"attn_norm", "attn_norm"}, {"attn_qkv", "attn.Wqkv"}, {"attn_output", "attn.Wo"},
                                   {"ffn_norm", "mlp_norm"},   {"ffn_up", "mlp.Wi"},      {"ffn_down", "mlp.Wo"}};
constexpr GgufRename kModelRenames[] = {{"token_embd_norm", "embeddings.norm"},
                                        {"cls", "head.dense"},
                                        {"cls.norm", "head.norm"},
                                        {"cls.output", "classifier"}};
constexpr GgufArchitecture kGguf[] = {{.name = "modern-bert",
                                       .architecture = "ModernBertModel",
                                       .model_type = "modernbert",
                                       .renames = kRenames,
                                       .model_renames = kModelRenames}};
constexpr std::string_view kComputes[] = {"norm_eps",
                                          "layer_types",
                                          "full_attention",
                                          "sliding_attention",
                                          "sliding_window_pattern",
                                          "global_attn_every_n_layers",
                                          "local_attention",
                                          "classifier_pooling",
                                          "rope_local_base_freq",
                                          "is_causal",
                                          "classifier.output_labels"};

// Layers that see the whole text: those that layer_types calls so, or the first of so many.
std::vector<bool> full_layers(const ConfigReader& config, int layers, bool is_gguf) {
  constexpr int kPatternMax = 1024;
  std::vector<bool> are_full = layers_of_type(config, layers, "full_attention", "sliding_attention");
  if (!are_full.empty()) return are_full;
  const int pattern =
      config.integer(is_gguf ? "sliding_window_pattern" : "global_attn_every_n_layers", 1, kPatternMax, 3);
  for (int layer = 0; layer < layers; ++layer) are_full.push_back(layer % pattern == 0);
  return are_full;
}

EncoderSpec describe(const WeightSource& source, EncoderInfo::Task task) {
  constexpr int kWindowMax = 1 << 29;
  const ConfigReader config(source);
  const bool is_gguf = source.container() == "gguf";
  EncoderSpec encoder;
  encoder.stack = describe_sizes(config);
  encoder.stack.is_causal = false;
  const int layers = layer_count(config), width = mlp_width(config);
  AttentionSpec attention = describe_attention(config, encoder.stack.hidden);
  const Activation activation = read_activation(config, "hidden_activation", "gelu");
  const auto epsilon = static_cast<float>(config.number(is_gguf ? "layer_norm_eps" : "norm_eps", 0, 1, 1e-5));
  const auto norm = [&](const std::string& name) { return NormSpec{name, epsilon, NormSpec::Kind::layer}; };
  // All of a window; a token sees half of it to each side.
  const int window = config.integer(is_gguf ? "sliding_window" : "local_attention", 1, kWindowMax, 128) / 2 + 1;
  encoder.stack.ropes = {read_rope(source, {.head_dim = attention.head_dim,
                                            .layer_type = "full_attention",
                                            .theta_key = is_gguf ? "rope_theta" : "global_rope_theta",
                                            .theta = 160000}),
                         read_rope(source, {.head_dim = attention.head_dim,
                                            .layer_type = "sliding_attention",
                                            .theta_key = is_gguf ? "rope_local_base_freq" : "local_rope_theta"})};
  const std::vector<bool> are_full = full_layers(config, layers, is_gguf);
  for (int layer = 0; layer < layers; ++layer) {
    const std::string name = layer_name(static_cast<size_t>(layer));
    const bool is_full = are_full[static_cast<size_t>(layer)];
    attention.name = name + ".attn";
    fuse_attention(attention, attention.name + ".Wqkv");
    attention.output = {.name = attention.name + ".Wo"};
    attention.window = is_full ? 0 : window;
    attention.rope = is_full ? 0 : 1;
    GatedMlpSpec mlp{
        .name = name + ".mlp", .down = {.name = name + ".mlp.Wo"}, .width = width, .activation = activation};
    mlp.gate = mlp.up = {.name = mlp.name + ".Wi", .tensor_rows = 2 * int64_t{width}};
    mlp.up.first_row = width;
    encoder.stack.layers.push_back({.mixer = attention, .mlp_norm = norm(name + ".mlp_norm"), .mlp = std::move(mlp)});
    // The first layer reads what the embedding's norm leaves.
    if (layer > 0) encoder.stack.layers.back().input_norm = norm(name + ".attn_norm");
  }
  encoder.stack.norm = norm("model.norm");
  encoder.has_norm = true;
  encoder.tokens_max = encoder.stack.context_max;
  encoder.embedding = {.table = "embeddings.tok_embeddings", .norm = norm("embeddings.norm")};
  encoder.pooling = {Pooling::mean};
  if (task == EncoderInfo::Task::embed) return encoder;
  if (config.text("classifier_pooling", "cls") == "cls") encoder.pooling = {Pooling::cls};
  encoder.steps = {{.linear = "head.dense",
                    .outputs = encoder.stack.hidden,
                    .function = function_of(read_activation(config, "classifier_activation", "gelu")),
                    .norm = norm("head.norm")},
                   label_step(source, "classifier")};
  return encoder;
}

}  // namespace

extern const EncoderFamily modernbert;
constinit const EncoderFamily modernbert = {.name = "modernbert",
                                            .architectures = kArchitectures,
                                            .describe = describe,
                                            .naming = {.embedding = "embeddings.tok_embeddings", .gguf = kGguf},
                                            .computes = kComputes};

}  // namespace estoc
