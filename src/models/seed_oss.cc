// The Seed-OSS family: Llama's decoder, with biases on queries, keys and values as its files have them.
// Source: transformers models/seed_oss (5.23); checked against tests/golden/.
#include "models/family.h"
#include "models/llama.h"

namespace estoc {
namespace {

constexpr std::string_view kArchitectures[] = {"SeedOssForCausalLM"};
constexpr GgufRename kRenames[] = {{"post_attention_norm", "post_attention_layernorm"}};
constexpr GgufArchitecture kGguf[] = {
    {.name = "seed_oss", .architecture = "SeedOssForCausalLM", .model_type = "seed_oss", .renames = kRenames}};

}  // namespace

extern const ModelFamily seed_oss;
constinit const ModelFamily seed_oss = {
    .name = "seed_oss", .architectures = kArchitectures, .describe = describe_llama, .naming = {.gguf = kGguf}};

}  // namespace estoc
