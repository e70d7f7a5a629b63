// The OLMoE family: Llama's decoder with norms over all of a row's queries and keys, and many small experts.
// Source: transformers models/olmoe (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"
#include "models/mixture.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"OlmoeForCausalLM"};
constexpr GgufRename kRenames[] = {{"attn_q_norm", "self_attn.q_norm"}, {"attn_k_norm", "self_attn.k_norm"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "olmoe", .architecture = "OlmoeForCausalLM", .model_type = "olmoe", .renames = kRenames}};
constexpr std::string_view kComputes[] = {"num_experts", "num_local_experts"};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_llama(source);
  for (LayerSpec& layer : decoder.layers) {
    auto& attention = std::get<AttentionSpec>(layer.mixer);
    attention.q_norm = NormSpec{attention.name + ".q_norm", decoder.norm.epsilon};
    attention.k_norm = NormSpec{attention.name + ".k_norm", decoder.norm.epsilon};
    attention.norm_span = HeadNormSpan::projection;
    MoeSpec moe = read_mixture(config, std::get<GatedMlpSpec>(layer.mlp).name);
    moe.rule.is_normalized = config.boolean("norm_topk_prob", false);
    layer.mlp = std::move(moe);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily olmoe;
constinit const ModelFamily olmoe = {.name = "olmoe",
                                     .architectures = kArchitectures,
                                     .describe = describe,
                                     .naming = {.gguf = kGguf},
                                     .computes = kComputes};

}  // namespace estoc
