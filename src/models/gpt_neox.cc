// The GPT-NeoX family, Pythia among it: layer norms with biases, attention and a plain MLP beside each other behind a
// norm each, rotations of a part of each head, and a tensor with each head's query, key and value after each other.
// Source: transformers models/gpt_neox (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"GPTNeoXForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_qkv", "attention.query_key_value"},
                                   {"attn_output", "attention.dense"},
                                   {"ffn_up", "mlp.dense_h_to_4h"},
                                   {"ffn_down", "mlp.dense_4h_to_h"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "gptneox", .architecture = "GPTNeoXForCausalLM", .model_type = "gpt_neox", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"partial_rotary_factor", "rotary_pct", "use_parallel_residual"};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  const bool is_gguf = source.container() == "gguf";
  DecoderSpec decoder =
      describe_llama(source, {.rope = {.partial = 0.25,
                                       .partial_key = is_gguf ? "partial_rotary_factor" : "rotary_pct",
                                       .theta_key = is_gguf ? "rope_theta" : "rotary_emb_base"},
                              .norm = NormSpec::Kind::layer,
                              .epsilon = 1e-5,
                              .activation = "gelu"});
  const bool is_parallel = config.boolean("use_parallel_residual", true);
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    LayerSpec& spec = decoder.layers[layer];
    auto& attention = std::get<AttentionSpec>(spec.mixer);
    attention.name = layer_name(layer) + ".attention";
    attention.output = {.name = attention.name + ".dense"};
    attention.kv_heads = attention.heads;
    if (is_gguf) {
      fuse_attention(attention, attention.name + ".query_key_value");
    } else {
      fuse_heads(attention, attention.name + ".query_key_value");
    }
    spec.mlp = plain_mlp(spec.mlp, "dense_h_to_4h", "dense_4h_to_h");
    spec.is_parallel = is_parallel;
  }
  return decoder;
}

}  // namespace

extern const ModelFamily gpt_neox;
constinit const ModelFamily gpt_neox = {.name = "gpt_neox",
                                        .architectures = kArchitectures,
                                        .describe = describe,
                                        .naming = {.gguf = kGguf},
                                        .computes = kComputes};

}  // namespace estoc
