// A gated delta net's inside against a reference in double (checks.h): all of its launches.
#pragma once

#include "gpu/source/delta_net.h"
#include "gpu/trials/state_batches.h"

namespace estoc::gpu {

struct DeltaCase {
  DeltaNetShape shape = {
      .key_heads = 2, .value_heads = 4, .are_heads_in_turn = 0, .key_dim = 16, .value_dim = 24, .conv_width = 4};
  StateCase states;
};
Check check_delta_net(const Device& device, const Module& module, const DeltaCase& c, Random& random);
Trial delta_net_trial(const Device& device, const Module& module, const DeltaCase& c, Random& random);

}  // namespace estoc::gpu
