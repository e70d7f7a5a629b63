// The Llama family: Llama 2 and 3.x, Mistral, SmolLM2, TinyLlama. Pre-norm decoder with grouped-query attention, rotary
// embedding in half layout, SwiGLU, tied or untied head.
// Source: transformers models/llama and models/mistral (5.23); checked against tests/golden/.
#include "models/llama.h"

#include <cmath>

#include "base/error.h"
#include "layers/rope.h"
#include "models/family.h"
#include "ops/attention.h"
#include "weights/config_reader.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"LlamaForCausalLM", "MistralForCausalLM"};
constexpr GgufArchitecture kGguf[] = {
    {.name = "llama", .architecture = "LlamaForCausalLM", .model_type = "llama", .has_interleaved_heads = true}};
constexpr int kSizeMax = 1 << 20;

}  // namespace

int layer_count(const ConfigReader& config) { return config.integer("num_hidden_layers", 1, 1024); }

int mlp_width(const ConfigReader& config) { return config.integer("intermediate_size", 1, kSizeMax); }

DecoderSpec describe_sizes(const ConfigReader& config) {
  DecoderSpec decoder;
  decoder.hidden = config.integer("hidden_size", 1, kSizeMax);
  decoder.vocab = config.integer("vocab_size", 1, 16 << 20);
  decoder.context_max = config.integer("max_position_embeddings", 1, 1 << 30, 2048);
  return decoder;
}

AttentionSpec describe_attention(const ConfigReader& config, int hidden) {
  AttentionSpec attention;
  attention.heads = config.integer("num_attention_heads", 1, 4096);
  attention.kv_heads = config.integer("num_key_value_heads", 1, attention.heads, attention.heads);
  attention.head_dim = config.integer("head_dim", 2, kHeadDimMax, hidden / attention.heads);
  attention.scale = 1.0f / std::sqrt(static_cast<float>(attention.head_dim));
  attention.window = config.integer("sliding_window", 0, 1 << 30, 0);
  if (attention.heads % attention.kv_heads != 0) {
    fail(ErrorCode::corrupt_file, "{}: {} is {} and {} is {}: heads cannot share key/value heads evenly", config.file(),
         config.spelling("num_attention_heads"), attention.heads, config.spelling("num_key_value_heads"),
         attention.kv_heads);
  }
  if (attention.head_dim % 2 != 0) {
    fail(ErrorCode::corrupt_file, "{}: {} is {}, expected an even number", config.file(), config.spelling("head_dim"),
         attention.head_dim);
  }
  return attention;
}

DecoderSpec describe_llama(const WeightSource& source) {
  const ConfigReader config(source);
  const int layers = layer_count(config), width = mlp_width(config);
  DecoderSpec decoder = describe_sizes(config);
  AttentionSpec attention = describe_attention(config, decoder.hidden);
  const std::string activation = config.text("hidden_act", "silu");
  if (activation != "silu") {
    fail(ErrorCode::unsupported, "{}: hidden_act '{}' is not supported in this family (silu is)", config.file(),
         activation.substr(0, 100));
  }
  const auto epsilon = static_cast<float>(config.number("rms_norm_eps", 0, 1, 1e-6));
  decoder.norm = {"model.norm", epsilon};
  decoder.ropes = {read_rope(source, attention.head_dim)};
  for (int layer = 0; layer < layers; ++layer) {
    const std::string name = "model.layers." + std::to_string(layer);
    attention.name = name + ".self_attn";
    decoder.layers.push_back({.input_norm = {name + ".input_layernorm", epsilon},
                              .mixer = attention,
                              .mlp_norm = {name + ".post_attention_layernorm", epsilon},
                              .mlp = GatedMlpSpec{.name = name + ".mlp", .width = width}});
  }
  return decoder;
}

extern const ModelFamily llama;
constinit const ModelFamily llama = {
    .name = "llama", .architectures = kArchitectures, .describe = describe_llama, .naming = {.gguf = kGguf}};

}  // namespace estoc
