// The dialects that dialects.cc lists. Internal to this room.
#pragma once

#include <string_view>

#include "dialects/dialect.h"

namespace estoc {

extern const Dialect kApriel, kCommand, kDeepSeekV3, kDeepSeekV31, kFunctionary, kFunctionGemma, kGemma4, kGlm45,
    kGlm47, kGptOss, kGranite, kHermes, kKimiK2, kLfm2Dialect, kLlama3, kLlama4Pythonic, kMiniMaxM2, kMistral,
    kMistralNamed, kOlmo3Dialect, kPhi4Mini, kPythonic, kQwen3Coder, kSeedOss;

inline bool has(std::string_view text, std::string_view word) { return text.find(word) != std::string_view::npos; }

}  // namespace estoc
