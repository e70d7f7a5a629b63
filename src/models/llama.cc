// The Llama family: Llama 2 and 3.x, Mistral, SmolLM2, TinyLlama. Pre-norm decoder with grouped-query attention, rotary
// embedding in half layout, SwiGLU, tied or untied head.
// Source: transformers models/llama and models/mistral (5.23); checked against tests/golden/.
#include "models/llama.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "layers/rope.h"
#include "models/family.h"
#include "models/mixture.h"
#include "ops/attention.h"
#include "weights/config_reader.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"LlamaForCausalLM", "MistralForCausalLM"};
constexpr GgufArchitecture kGguf[] = {
    {.name = "llama", .architecture = "LlamaForCausalLM", .model_type = "llama", .has_interleaved_heads = true}};
constexpr TextModel kTextModels[] = {
    {.model_type = "llama",
     .architecture = "LlamaForCausalLM",
     .defaults = R"({"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32,
                     "num_attention_heads": 32})"},
    {.model_type = "mistral",
     .architecture = "MistralForCausalLM",
     .defaults = R"({"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
                     "num_attention_heads": 32, "num_key_value_heads": 8, "max_position_embeddings": 131072})"}};
constexpr int kSizeMax = 1 << 20;

}  // namespace

std::string layer_name(size_t layer) { return fmt::format("model.layers.{}", layer); }

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

void name_attention(AttentionSpec& attention, const std::string& name, std::string_view output) {
  attention.name = name;
  attention.q = {.name = name + ".q_proj"};
  attention.k = {.name = name + ".k_proj"};
  attention.v = {.name = name + ".v_proj"};
  attention.output = {.name = name + "." + std::string(output)};
}

GatedMlpSpec gated_mlp(const std::string& name, int width, Activation activation) {
  return {.name = name,
          .gate = {.name = name + ".gate_proj"},
          .up = {.name = name + ".up_proj"},
          .down = {.name = name + ".down_proj"},
          .width = width,
          .activation = activation};
}

PlainMlpSpec plain_mlp(const MlpSpec& mlp, std::string_view up, std::string_view down) {
  const auto& gated = std::get<GatedMlpSpec>(mlp);
  return {.name = gated.name,
          .up = {.name = fmt::format("{}.{}", gated.name, up)},
          .down = {.name = fmt::format("{}.{}", gated.name, down)},
          .width = gated.width,
          .activation = gated.activation};
}

void fuse_attention(AttentionSpec& attention, const std::string& tensor) {
  const int64_t queries = int64_t{attention.heads} * attention.head_dim;
  const int64_t keys = int64_t{attention.kv_heads} * attention.head_dim;
  attention.q = attention.k = attention.v = {.name = tensor, .tensor_rows = queries + 2 * keys};
  attention.k.first_row = queries;
  attention.v.first_row = queries + keys;
}

void fuse_heads(AttentionSpec& attention, const std::string& tensor) {
  const int64_t queries = int64_t{attention.heads / attention.kv_heads} * attention.head_dim;
  const int64_t stride = queries + 2 * attention.head_dim;
  attention.q = {
      .name = tensor, .tensor_rows = attention.kv_heads * stride, .group_rows = queries, .group_stride = stride};
  attention.k = attention.q;
  attention.k.first_row = queries;
  attention.k.group_rows = attention.head_dim;
  attention.v = attention.k;
  attention.v.first_row = queries + attention.head_dim;
}

void fuse_gate_up(GatedMlpSpec& mlp) {
  mlp.gate = mlp.up = {.name = mlp.name + ".gate_up_proj", .tensor_rows = 2 * int64_t{mlp.width}};
  mlp.up.first_row = mlp.width;
}

Activation read_activation(const ConfigReader& config, std::string_view key, std::string_view fallback) {
  constexpr std::pair<std::string_view, Activation> kNames[] = {
      {"silu", Activation::silu},           {"swish", Activation::silu},
      {"gelu", Activation::gelu},           {"gelu_new", Activation::gelu_tanh},
      {"gelu_fast", Activation::gelu_tanh}, {"gelu_pytorch_tanh", Activation::gelu_tanh},
      {"relu", Activation::relu},           {"relu2", Activation::relu_squared},
  };
  const std::string name = config.text(key, fallback);
  const auto found = std::ranges::find(kNames, std::string_view(name), &std::pair<std::string_view, Activation>::first);
  if (found != std::end(kNames)) return found->second;
  fail(ErrorCode::unsupported, "{}: {} '{}' is not supported (silu, gelu, gelu_pytorch_tanh, relu, relu2 are)",
       config.file(), config.spelling(key), name.substr(0, 100));
}

std::vector<bool> layers_of_type(const ConfigReader& config, int layers, std::string_view kind,
                                 std::string_view other) {
  const Json* types = config.find("layer_types");
  if (types == nullptr) return {};
  if (!types->is_array() || types->as_array().size() != static_cast<size_t>(layers)) {
    fail(ErrorCode::corrupt_file, "{}: {} is not a list of {} kinds", config.file(), config.spelling("layer_types"),
         layers);
  }
  std::vector<bool> are;
  for (const Json& type : types->as_array()) {
    are.push_back(type == Json(std::string(kind)));
    if (are.back() || type == Json(std::string(other))) continue;
    fail(ErrorCode::corrupt_file, "{}: {} is not a list of '{}' and '{}'", config.file(),
         config.spelling("layer_types"), kind, other);
  }
  return are;
}

DecoderSpec describe_llama(const WeightSource& source) { return describe_llama(source, {}); }

DecoderSpec describe_llama(const WeightSource& source, const LlamaOptions& options) {
  const ConfigReader config = ConfigReader(source).with(options.aliases);
  const auto layers = static_cast<size_t>(layer_count(config));
  DecoderSpec decoder = describe_sizes(config);
  const int width = options.mlp_factor == 0
                        ? mlp_width(config)
                        : config.integer("intermediate_size", 1, kSizeMax, options.mlp_factor * decoder.hidden);
  AttentionSpec attention = describe_attention(config, decoder.hidden);
  const Activation activation = read_activation(config, options.activation_key, options.activation);
  const std::string_view epsilon_key = options.norm == NormSpec::Kind::rms ? "rms_norm_eps" : "layer_norm_eps";
  const auto epsilon = static_cast<float>(config.number(epsilon_key, 0, 1, options.epsilon));
  const auto norm = [&](const std::string& name) {
    return NormSpec{name, epsilon, options.norm, options.norm_weight_offset};
  };
  RopeOptions rope = options.rope;
  rope.head_dim = attention.head_dim;
  decoder.norm = norm("model.norm");
  decoder.ropes = {read_rope(source, rope)};
  for (size_t layer = 0; layer < layers; ++layer) {
    const std::string name = layer_name(layer);
    name_attention(attention, name + ".self_attn");
    decoder.layers.push_back({.input_norm = norm(name + ".input_layernorm"),
                              .mixer = attention,
                              .mlp_norm = norm(name + ".post_attention_layernorm"),
                              .mlp = gated_mlp(name + ".mlp", width, activation)});
  }
  return decoder;
}

namespace {

constexpr std::string_view kComputes[] = {"num_experts"};

// GGUF calls Mixtral a llama that has experts.
DecoderSpec describe_with_experts(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_llama(source);
  if (source.container() != "gguf" || expert_count(config) == 0) return decoder;
  for (LayerSpec& layer : decoder.layers) {
    MoeSpec moe = read_mixture(config, std::get<GatedMlpSpec>(layer.mlp).name);
    moe.rule.is_normalized = true;
    layer.mlp = std::move(moe);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily llama;
constinit const ModelFamily llama = {.name = "llama",
                                     .architectures = kArchitectures,
                                     .describe = describe_with_experts,
                                     .naming = {.gguf = kGguf, .text_models = kTextModels},
                                     .computes = kComputes};

}  // namespace estoc
