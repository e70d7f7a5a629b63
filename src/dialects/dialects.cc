#include <algorithm>
#include <array>

#include "dialects/families.h"

namespace estoc {
namespace {

// Dialects whose marks nobody else has come first; <tool_call> is in many templates.
constexpr std::array kDialects = {
    &kGptOss,  &kGemma4,   &kFunctionGemma, &kKimiK2,       &kDeepSeekV3,     &kDeepSeekV31, &kMiniMaxM2,    &kSeedOss,
    &kGlm45,   &kGlm47,    &kQwen3Coder,    &kFunctionary,  &kLfm2Dialect,    &kMistral,     &kMistralNamed, &kCommand,
    &kGranite, &kPhi4Mini, &kApriel,        &kOlmo3Dialect, &kLlama4Pythonic, &kPythonic,    &kHermes,       &kLlama3,
};

bool names(std::string_view aliases, std::string_view name) {
  while (!aliases.empty()) {
    const size_t end = std::min(aliases.find(' '), aliases.size());
    if (aliases.substr(0, end) == name) return true;
    aliases.remove_prefix(std::min(end + 1, aliases.size()));
  }
  return false;
}

}  // namespace

std::span<const Dialect* const> dialects() { return kDialects; }

const Dialect* find_dialect(std::string_view name) {
  const auto found = std::ranges::find_if(
      kDialects, [&](const Dialect* dialect) { return dialect->name == name || names(dialect->aliases, name); });
  return found == kDialects.end() ? nullptr : *found;
}

const Dialect* detect_dialect(std::string_view chat_template) {
  const auto found =
      std::ranges::find_if(kDialects, [&](const Dialect* dialect) { return dialect->is_seen_in(chat_template); });
  return found == kDialects.end() ? nullptr : *found;
}

const Dialect& default_dialect() { return kHermes; }

}  // namespace estoc
