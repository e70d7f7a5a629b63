#include <algorithm>
#include <array>

#include "dialects/families.h"
#include "dialects/name_list.h"

namespace estoc {
namespace {

// Dialects whose marks nobody else has come first; <tool_call> is in many templates.
constexpr std::array kDialects = {
    &kGptOss,  &kGemma4,   &kFunctionGemma, &kKimiK2,       &kDeepSeekV3,     &kDeepSeekV31, &kMiniMaxM2,    &kSeedOss,
    &kGlm45,   &kGlm47,    &kQwen3Coder,    &kFunctionary,  &kLfm2Dialect,    &kMistral,     &kMistralNamed, &kCommand,
    &kGranite, &kPhi4Mini, &kApriel,        &kOlmo3Dialect, &kLlama4Pythonic, &kPythonic,    &kHermes,       &kLlama3,
};

}  // namespace

std::span<const Dialect* const> dialects() { return kDialects; }

const Dialect* find_dialect(std::string_view name) {
  const auto found = std::ranges::find_if(
      kDialects, [&](const Dialect* dialect) { return dialect->name == name || has_name(dialect->aliases, name); });
  return found == kDialects.end() ? nullptr : *found;
}

const Dialect* detect_dialect(std::string_view chat_template) {
  const auto found =
      std::ranges::find_if(kDialects, [&](const Dialect* dialect) { return dialect->is_seen_in(chat_template); });
  return found == kDialects.end() ? nullptr : *found;
}

const Dialect& default_dialect() { return kHermes; }

}  // namespace estoc
