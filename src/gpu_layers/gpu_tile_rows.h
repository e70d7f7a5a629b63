// Internal to this room: rows that buffers have which products of prompts read. Pure.
#pragma once

#include <cstddef>

namespace estoc {

// They read whole tiles of tokens, 256 at most.
constexpr size_t padded_rows(int rows) { return static_cast<size_t>((rows + 255) / 256 * 256); }

}  // namespace estoc
