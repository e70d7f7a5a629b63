// Latent attention's kernels against a reference in double (checks.h), all but its products with heads' matrices: those
// are what a mixture of experts has.
#pragma once

#include "gpu/source/latent_attention.h"
#include "gpu/trials/checks.h"

namespace estoc::gpu {

struct LatentCase {
  LatentShape shape = {
      .heads = 3, .query_rank = 64, .latent_dim = 64, .turned_dim = 32, .key_dim = 64, .value_dim = 24};
  std::vector<int> lengths = {5};  // of sequences
  bool is_prompt = false;          // all their rows at once, else the last one of each
  int splits = 1;
  bool is_interleaved = false;
  float growth = 0;
};
Check check_latent_attention(const Device& device, const Module& module, const LatentCase& c, Random& random);
Trial latent_attention_trial(const Device& device, const Module& module, const LatentCase& c, Random& random);

}  // namespace estoc::gpu
