// A block that is copied between the memory that layers compute with and a slot of the swap space.
#pragma once

#include "base/ids.h"

namespace estoc {

struct SwapCopy {
  int group = 0;  // of layers, whose pools both are in
  BlockId block = 0, slot = 0;
};

}  // namespace estoc
