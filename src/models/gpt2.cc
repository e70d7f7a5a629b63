// GPT-2: layer norms with biases, a table of positions added to the embedding, queries, keys and values in one matrix,
// a plain MLP. Its files keep matrices the other way round; GGUF turned them.
// Source: transformers models/gpt2 (5.23); checked against tests/golden/.
#include <cmath>

#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"GPT2LMHeadModel"};
constexpr GgufRename kRenames[] = {{"attn_norm", "ln_1"}, {"attn_qkv", "attn.c_attn"}, {"attn_output", "attn.c_proj"},
                                   {"ffn_norm", "ln_2"},  {"ffn_up", "mlp.c_fc"},      {"ffn_down", "mlp.c_proj"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "gpt2", .architecture = "GPT2LMHeadModel", .model_type = "gpt2", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"scale_attn_by_inverse_layer_idx", "scale_attn_weights"};
constexpr ConfigAlias kAliases[] = {{"n_embd", "hidden_size"},
                                    {"n_layer", "num_hidden_layers"},
                                    {"n_head", "num_attention_heads"},
                                    {"n_inner", "intermediate_size"},
                                    {"n_positions", "max_position_embeddings"},
                                    {"activation_function", "hidden_act"},
                                    {"layer_norm_epsilon", "layer_norm_eps"}};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_llama(
      source,
      {.norm = NormSpec::Kind::layer, .epsilon = 1e-5, .activation = "gelu_new", .mlp_factor = 4, .aliases = kAliases});
  decoder.ropes.clear();
  decoder.positions = "model.embed_positions";
  const bool is_scaled = config.boolean("scale_attn_weights", true);
  const bool is_scaled_by_layer = config.boolean("scale_attn_by_inverse_layer_idx", false);
  const bool is_transposed = source.container() != "gguf";
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    LayerSpec& spec = decoder.layers[layer];
    const std::string name = layer_name(layer);
    auto& attention = std::get<AttentionSpec>(spec.mixer);
    attention.name = name + ".attn";
    fuse_attention(attention, attention.name + ".c_attn");
    attention.output = {.name = attention.name + ".c_proj"};
    attention.rope = AttentionSpec::kNoRope;
    if (!is_scaled) attention.scale = 1;
    if (is_scaled_by_layer) attention.scale /= static_cast<float>(layer + 1);
    PlainMlpSpec mlp = plain_mlp(spec.mlp, "c_fc", "c_proj");
    for (MatrixSpec* matrix : {&attention.q, &attention.k, &attention.v, &attention.output, &mlp.up, &mlp.down}) {
      matrix->is_transposed = is_transposed;
    }
    spec.mlp = mlp;
    spec.input_norm->name = name + ".ln_1";
    spec.mlp_norm->name = name + ".ln_2";
  }
  return decoder;
}

}  // namespace

extern const ModelFamily gpt2;
constinit const ModelFamily gpt2 = {.name = "gpt2",
                                    .architectures = kArchitectures,
                                    .describe = describe,
                                    .naming = {.gguf = kGguf},
                                    .computes = kComputes};

}  // namespace estoc
