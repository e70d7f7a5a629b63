// The dense ERNIE 4.5 family: Llama's decoder with rotations of adjacent pairs.
// Source: transformers models/ernie4_5 (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"Ernie4_5ForCausalLM"};
constexpr GgufArchitecture kGguf[] = {
    {.name = "ernie4_5", .architecture = "Ernie4_5ForCausalLM", .model_type = "ernie4_5"}};

DecoderSpec describe(const WeightSource& source) {
  return describe_llama(source, {.rope = {.theta = 5e5, .is_interleaved = true}});
}

}  // namespace

extern const ModelFamily ernie4_5;
constinit const ModelFamily ernie4_5 = {
    .name = "ernie4_5", .architectures = kArchitectures, .describe = describe, .naming = {.gguf = kGguf}};

}  // namespace estoc
