// A gated delta net's inside against a reference in double (checks.h): all of its launches, twice in a row, so that
// what is kept between batches counts too.
#pragma once

#include "gpu/source/delta_net.h"
#include "gpu/trials/checks.h"

namespace estoc::gpu {

struct DeltaCase {
  DeltaNetShape shape = {
      .key_heads = 2, .value_heads = 4, .are_heads_in_turn = 0, .key_dim = 16, .value_dim = 24, .conv_width = 4};
  std::vector<int> rows = {1};     // of each sequence in the first batch, which begins it
  std::vector<int> further = {1};  // and in the second
  bool has_tiles = false;          // outputs as token tiles
};
Check check_delta_net(const Device& device, const Module& module, const DeltaCase& c, Random& random);
Trial delta_net_trial(const Device& device, const Module& module, const DeltaCase& c, Random& random);

}  // namespace estoc::gpu
