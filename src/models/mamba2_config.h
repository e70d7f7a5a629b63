// What families with Mamba-2 layers share in reading their configs.
// Errors: Error{corrupt_file, unsupported} with file, key and what was expected.
#pragma once

#include <string_view>
#include <vector>

#include "layers/layer_spec.h"
#include "weights/config_reader.h"

namespace estoc {

// How a family spells the sizes of its Mamba-2 layers.
struct Mamba2Keys {
  std::string_view heads = "mamba_n_heads";
  std::string_view head_dim = "mamba_d_head";  // a number, or "auto": the inner width divided by the heads
  std::string_view groups = "mamba_n_groups";
  std::string_view state_size = "mamba_d_state";
  std::string_view conv_width = "mamba_d_conv";
  std::string_view expand = "mamba_expand";
  std::string_view activation = "hidden_act";  // of the convolution and the gate: silu
};

// Sizes of a model whose hidden size is `hidden`; without a name. `inner`: the width inside, or 0 for `expand` times
// hidden. Steps are kept within "time_step_limit". A GGUF file's keys come before the family's.
Mamba2Spec describe_mamba2(const ConfigReader& config, const Mamba2Keys& keys, int hidden, int inner = 0);

// `count` numbers of a list within [low, high]; ones where the config has none.
std::vector<float> read_numbers(const ConfigReader& config, std::string_view key, size_t count, double low,
                                double high);

// For every layer whether the list under `key` calls it attention, or else Mamba; nothing where there is no list.
std::vector<bool> attention_layers(const ConfigReader& config, std::string_view key, int layers);

}  // namespace estoc
