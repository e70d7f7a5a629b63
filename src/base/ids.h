// The small vocabulary every floor shares.
#pragma once

#include <cstdint>

namespace estoc {

using TokenId = int32_t;     // index into a tokenizer's vocabulary; never negative when valid
using RequestId = uint64_t;  // unique within one engine's life, 0 is never used
using BlockId = uint32_t;    // index of a KV block in its pool

// A block to be copied, as a step begins.
struct BlockCopy {
  int group = 0;  // of layers, whose pool both are in
  BlockId from = 0, to = 0;
};

}  // namespace estoc
