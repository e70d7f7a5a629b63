// For tests: token ids that tell where they stand.
#pragma once

#include <cstddef>
#include <numeric>
#include <vector>

#include "base/ids.h"

namespace estoc {

// first, first + 1, ...
inline std::vector<TokenId> tokens_from(int first, int count) {
  std::vector<TokenId> tokens(static_cast<size_t>(count));
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

}  // namespace estoc
