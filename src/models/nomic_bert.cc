// The Nomic BERT family: BERT with rotary positions instead of a table, gated MLPs without biases, and queries, keys
// and values in one matrix.
// Source: transformers models/nomic_bert (5.23), and the names of the files that people have, which are those of the
// model's own code; checked against tests/golden/.
#include <string>
#include <utility>

#include "base/error.h"
#include "layers/rope.h"
#include "models/encoder_family.h"
#include "models/llama.h"
#include "weights/config_reader.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"NomicBertModel", "NomicBertForMaskedLM", "NomicBertForPreTraining"};
constexpr GgufRename kRenames[] = {
    {"attn_qkv", "attn.Wqkv"}, {"attn_output", "attn.out_proj"}, {"attn_output_norm", "norm1"}, {"ffn_up", "mlp.fc11"},
    {"ffn_gate", "mlp.fc12"},  {"ffn_down", "mlp.fc2"},          {"layer_output_norm", "norm2"}};
constexpr GgufRename kModelRenames[] = {{"token_types", "embeddings.token_type_embeddings"},
                                        {"token_embd_norm", "emb_ln"}};
constexpr GgufArchitecture kGguf[] = {{.name = "nomic-bert",
                                       .architecture = "NomicBertModel",
                                       .model_type = "nomic_bert",
                                       .renames = kRenames,
                                       .model_renames = kModelRenames}};
constexpr std::string_view kComputes[] = {"is_causal"};
constexpr ConfigAlias kAliases[] = {{"n_embd", "hidden_size"},
                                    {"n_layer", "num_hidden_layers"},
                                    {"n_head", "num_attention_heads"},
                                    {"n_inner", "intermediate_size"},
                                    {"n_positions", "max_position_embeddings"},
                                    {"layer_norm_epsilon", "layer_norm_eps"},
                                    {"activation_function", "hidden_act"}};

// The gate's function, which the model's own code calls by the whole MLP.
Activation gate_activation(const ConfigReader& config) {
  const std::string name = config.text("hidden_act", "silu");
  if (name == "swiglu") return Activation::silu;
  if (name == "geglu") return Activation::gelu;
  return read_activation(config, "hidden_act", "silu");
}

EncoderSpec describe(const WeightSource& source, EncoderInfo::Task) {
  const ConfigReader config = ConfigReader(source).with(kAliases);
  EncoderSpec encoder;
  encoder.stack = describe_sizes(config);
  encoder.stack.is_causal = false;
  const int layers = layer_count(config), width = mlp_width(config);
  AttentionSpec attention = describe_attention(config, encoder.stack.hidden);
  const Activation activation = gate_activation(config);
  const auto epsilon = static_cast<float>(config.number("layer_norm_eps", 0, 1, 1e-12));
  const auto norm = [&](const std::string& name) { return NormSpec{name, epsilon, NormSpec::Kind::layer}; };
  const bool is_own = config.find("rotary_emb_base") != nullptr;
  encoder.stack.ropes = {read_rope(
      source, {.head_dim = attention.head_dim, .theta_key = is_own ? "rotary_emb_base" : "rope_theta", .theta = 1000})};
  for (int layer = 0; layer < layers; ++layer) {
    const std::string name = layer_name(static_cast<size_t>(layer));
    attention.name = name + ".attn";
    fuse_attention(attention, attention.name + ".Wqkv");
    attention.output = {.name = attention.name + ".out_proj"};
    encoder.stack.layers.push_back({.mixer = attention,
                                    .mixer_output_norm = norm(name + ".norm1"),
                                    .mlp = GatedMlpSpec{.name = name + ".mlp",
                                                        .gate = {.name = name + ".mlp.fc12"},
                                                        .up = {.name = name + ".mlp.fc11"},
                                                        .down = {.name = name + ".mlp.fc2"},
                                                        .width = width,
                                                        .activation = activation},
                                    .mlp_output_norm = norm(name + ".norm2"),
                                    .are_sums_normed = true});
  }
  encoder.tokens_max = encoder.stack.context_max;
  encoder.embedding = {.table = "embeddings.word_embeddings", .norm = norm("emb_ln")};
  if (const WeightTensor* segments = source.find("embeddings.token_type_embeddings.weight")) {
    encoder.embedding.segments = "embeddings.token_type_embeddings";
    encoder.embedding.segment_count = segment_count(source, *segments);
  }
  encoder.pooling = {Pooling::mean};
  return encoder;
}

}  // namespace

extern const EncoderFamily nomic_bert;
constinit const EncoderFamily nomic_bert = {.name = "nomic_bert",
                                            .architectures = kArchitectures,
                                            .describe = describe,
                                            .naming = {.embedding = "embeddings.word_embeddings", .gguf = kGguf},
                                            .computes = kComputes};

}  // namespace estoc
