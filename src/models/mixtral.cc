// The Mixtral family: Mistral's decoder with eight wide experts in every layer. GGUF calls it llama, see
// models/llama.cc. Source: transformers models/mixtral (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"
#include "models/mixture.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"MixtralForCausalLM"};
constexpr std::string_view kComputes[] = {"num_local_experts"};

DecoderSpec describe(const WeightSource& source) {
  const ConfigReader config(source);
  DecoderSpec decoder = describe_llama(source);
  for (size_t layer = 0; layer < decoder.layers.size(); ++layer) {
    MoeSpec moe = read_mixture(config, "model.layers." + std::to_string(layer) + ".block_sparse_moe");
    moe.rule.is_normalized = true;
    moe.gate = "w1", moe.up = "w3", moe.down = "w2";
    decoder.layers[layer].mlp = std::move(moe);
  }
  return decoder;
}

}  // namespace

extern const ModelFamily mixtral;
constinit const ModelFamily mixtral = {
    .name = "mixtral", .architectures = kArchitectures, .describe = describe, .computes = kComputes};

}  // namespace estoc
