// The first Falcon family (its third is Llama's): layer norms with biases, a plain MLP mostly beside the attention, and
// a tensor with the queries of each key after each other, the key and the value.
// Source: transformers models/falcon (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"FalconForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_qkv", "self_attention.query_key_value"},
                                   {"attn_output", "self_attention.dense"},
                                   {"attn_norm_2", "ln_attn"},
                                   {"ffn_up", "mlp.dense_h_to_4h"},
                                   {"ffn_down", "mlp.dense_4h_to_h"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "falcon", .architecture = "FalconForCausalLM", .model_type = "falcon", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"parallel_attn"};
constexpr ConfigAlias kAliases[] = {{"n_embed", "hidden_size"},
                                    {"n_layer", "num_hidden_layers"},
                                    {"n_head", "num_attention_heads"},
                                    {"n_head_kv", "num_key_value_heads"},
                                    {"num_kv_heads", "num_key_value_heads"},
                                    {"ffn_hidden_size", "intermediate_size"},
                                    {"activation", "hidden_act"},
                                    {"layer_norm_epsilon", "layer_norm_eps"}};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  const bool is_gguf = source.container() == "gguf";
  DecoderSpec decoder = describe_llama(
      source,
      {.norm = NormSpec::Kind::layer, .epsilon = 1e-5, .activation = "gelu", .mlp_factor = 4, .aliases = kAliases});
  const bool is_new = config.boolean("new_decoder_architecture", false);
  const bool has_one_key = !is_gguf && !is_new && config.boolean("multi_query", true);
  const bool is_parallel = is_new || config.boolean("parallel_attn", true);
  const bool has_two_norms = source.find(layer_name(0) + ".ln_attn.weight") != nullptr;
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    LayerSpec& spec = decoder.layers[layer];
    auto& attention = std::get<AttentionSpec>(spec.mixer);
    attention.name = layer_name(layer) + ".self_attention";
    attention.output = {.name = attention.name + ".dense"};
    if (has_one_key) attention.kv_heads = 1;
    if (is_gguf) {
      fuse_attention(attention, attention.name + ".query_key_value");
    } else {
      fuse_heads(attention, attention.name + ".query_key_value");
    }
    spec.mlp = plain_mlp(spec.mlp, "dense_h_to_4h", "dense_4h_to_h");
    spec.is_parallel = is_parallel;
    if (has_two_norms) {
      spec.input_norm->name = layer_name(layer) + ".ln_attn";
      spec.mlp_norm->name = layer_name(layer) + (is_gguf ? ".input_layernorm" : ".ln_mlp");
    } else if (is_parallel) {
      spec.mlp_norm.reset();
    }
  }
  return decoder;
}

}  // namespace

extern const ModelFamily falcon;
constinit const ModelFamily falcon = {.name = "falcon",
                                      .architectures = kArchitectures,
                                      .describe = describe,
                                      .naming = {.gguf = kGguf},
                                      .computes = kComputes};

}  // namespace estoc
