// The Helium family: Llama's decoder with rotations of adjacent pairs.
// Source: transformers models/helium (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"HeliumForCausalLM"};

DecoderSpec describe(const WeightSource& source) {
  return describe_llama(source, {.rope = {.theta = 1e5, .is_interleaved = true}});
}

}  // namespace

extern const ModelFamily helium;
constinit const ModelFamily helium = {.name = "helium", .architectures = kArchitectures, .describe = describe};

}  // namespace estoc
