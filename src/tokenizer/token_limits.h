// How long a token may be. At every place of a text tokens are looked for byte by byte, so that a file with a longer
// one could make a text take quadratic time; real ones have a few hundred bytes. Internal to the room.
#pragma once

#include <cstddef>

namespace estoc {

inline constexpr size_t kTokenBytesMax = 4096;

}  // namespace estoc
