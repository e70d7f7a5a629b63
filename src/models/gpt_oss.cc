// The gpt-oss family: windows in every second layer, a sink in every softmax, biases everywhere, and experts in MXFP4
// with a clamped gate of their own kind.
// Source: transformers models/gpt_oss (5.23); checked against tests/golden/.
#include "layers/rope.h"
#include "models/family.h"
#include "models/llama.h"
#include "models/mixture.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"GptOssForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_sinks", "self_attn.sinks"},
                                   {"post_attention_norm", "post_attention_layernorm"},
                                   {"ffn_gate_inp", "mlp.router"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "gpt-oss", .architecture = "GptOssForCausalLM", .model_type = "gpt_oss", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"layer_types", "num_experts", "num_local_experts", "swiglu_limit"};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_llama(source);
  const int layers = static_cast<int>(decoder.layers.size());
  const bool is_gguf = source.container() == "gguf";
  // The bounds of its yarn are not rounded, which GGUF has no key for.
  const int head_dim = std::get<AttentionSpec>(decoder.layers.front().mixer).head_dim;
  decoder.ropes = {read_rope(source, {.head_dim = head_dim, .theta = 150000, .is_yarn_rounded = false})};
  const std::vector<bool> windows = layers_of_type(config, layers, "sliding_attention", "full_attention");
  for (int layer = 0; layer < layers; ++layer) {
    LayerSpec& spec = decoder.layers[static_cast<size_t>(layer)];
    auto& attention = std::get<AttentionSpec>(spec.mixer);
    if (windows.empty() ? layer % 2 == 1 : !windows[static_cast<size_t>(layer)]) attention.window = 0;
    attention.sinks = attention.name + (is_gguf ? ".sinks.weight" : ".sinks");
    const std::string name = std::get<GatedMlpSpec>(spec.mlp).name;
    MoeSpec moe = read_mixture(config, name);
    moe.rule.score = RouterRule::Score::softmax_of_chosen;
    moe.router = name + ".router";
    moe.is_interleaved = moe.is_transposed = true;
    moe.activation.slope = static_cast<float>(config.number("swiglu_alpha", 0, 1000, 1.702));
    moe.activation.limit = static_cast<float>(config.number("swiglu_limit", 1e-3, 1e6, 7));
    spec.mlp = std::move(moe);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily gpt_oss;
constinit const ModelFamily gpt_oss = {.name = "gpt_oss",
                                       .architectures = kArchitectures,
                                       .describe = describe,
                                       .naming = {.gguf = kGguf},
                                       .computes = kComputes};

}  // namespace estoc
