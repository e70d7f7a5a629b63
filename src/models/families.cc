#include <array>

#include "base/error.h"
#include "models/family.h"

namespace estoc {

extern const ModelFamily apertus, axk1, bamba, cohere, deepseek, dots1, ernie4_5, ernie4_5_moe, exaone4, falcon,
    falcon_h1, gemma, gemma2, gemma3, gemma4, glm, glm4_moe, glm4_moe_lite, gpt2, gpt_neox, gpt_oss, granite,
    granite_hybrid, granite_moe, helium, hunyuan, hunyuan_moe, jamba, lfm2, lfm2_moe, llama, mamba, mamba2, minicpm,
    minicpm3, minimax_m2, ministral, mistral4, mixtral, nemotron, nemotron_h, olmo, olmo2, olmoe, phi, phi3, qwen2,
    qwen2_moe, qwen3, qwen3_5, qwen3_5_moe, qwen3_moe, qwen3_next, seed_oss, smollm3, stablelm, starcoder2, youtu;

namespace {
constexpr std::array kFamilies = {
    &apertus, &axk1, &bamba, &cohere, &deepseek, &dots1, &ernie4_5, &ernie4_5_moe, &exaone4, &falcon, &falcon_h1,
    &gemma, &gemma2, &gemma3, &gemma4, &glm, &glm4_moe, &glm4_moe_lite, &gpt2, &gpt_neox, &gpt_oss, &granite,
    &granite_hybrid, &granite_moe, &helium, &hunyuan, &hunyuan_moe, &jamba, &lfm2, &lfm2_moe, &llama, &mamba, &mamba2,
    &minicpm, &minicpm3, &minimax_m2, &ministral, &mistral4, &mixtral, &nemotron, &nemotron_h, &olmo, &olmo2, &olmoe,
    &phi, &phi3, &qwen2, &qwen2_moe, &qwen3, &qwen3_5, &qwen3_5_moe, &qwen3_moe, &qwen3_next, &seed_oss, &smollm3,
    &stablelm, &starcoder2, &youtu};

constexpr auto kNamingRules = [] {
  std::array<const NamingRules*, kFamilies.size()> rules{};
  for (size_t i = 0; i < rules.size(); ++i) rules[i] = &kFamilies[i]->naming;
  return rules;
}();

std::string architecture_of(const WeightSource& source) {
  const Json* list = source.config().find("architectures");
  if (list == nullptr || !list->is_array() || list->as_array().empty() || !list->as_array()[0].is_string()) {
    fail(ErrorCode::corrupt_file, "{}: config has no \"architectures\" list with a name in it", source.path());
  }
  return list->as_array()[0].as_string();
}
}  // namespace

std::span<const ModelFamily* const> families() { return kFamilies; }
std::span<const NamingRules* const> naming_rules() { return kNamingRules; }

const ModelFamily& family_of(const WeightSource& source) {
  const std::string architecture = architecture_of(source);
  std::string known;
  for (const ModelFamily* family : families()) {
    for (const std::string_view name : family->architectures) {
      if (name == architecture) return *family;
      known += (known.empty() ? "" : ", ") + std::string(name);
    }
  }
  fail(ErrorCode::unsupported, "{}: architecture '{}' is not supported (supported: {})", source.path(), architecture,
       known);
}

}  // namespace estoc
