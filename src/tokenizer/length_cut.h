// Two texts cut to fit together. Pure functions.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace estoc {

struct TextPair {
  std::vector<TokenId> first, second;
};

// What is left of each where both have `room` tokens: the longer one is cut until both are as long, then both are; of
// an odd room the longer one, or the second of equals, has one more. As Hugging Face's longest_first.
std::pair<size_t, size_t> cut_lengths(size_t first, size_t second, size_t room);

// Takes away what does not fit, from the ends or the beginnings.
void cut_pair(TextPair& texts, size_t room, bool cuts_left);

}  // namespace estoc
