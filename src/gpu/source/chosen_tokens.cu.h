// Tokens on their way from one step to the next (chosen_tokens.h).
#pragma once

#include "gpu/source/chosen_tokens.h"
#include "gpu/source/device.h"

namespace estoc::gpu {

KERNEL(kChosenTokensThreads, 1, chosen_tokens, (ChosenTokensArguments a)) {
  grid_release();
  grid_wait();
  const int i = block_index() * kChosenTokensThreads + thread_index();
  if (i >= a.count) return;
  const u32 token = a.chosen[a.picks[i]];
  a.tokens[i] = token < a.vocabulary ? token : a.vocabulary - 1;
}

}  // namespace estoc::gpu
