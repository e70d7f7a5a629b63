// What the Llama family lends to families that differ from it in a layer's details only.
// Errors: Error{corrupt_file, unsupported} with file, key and what was expected.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "layers/layer_spec.h"
#include "layers/rope.h"
#include "weights/config_reader.h"
#include "weights/weight_source.h"

namespace estoc {

// What a family has otherwise than Llama, where its config does not say it.
struct LlamaOptions {
  RopeOptions rope = {};                      // without head_dim
  NormSpec::Kind norm = NormSpec::Kind::rms;  // all of them, by rms_norm_eps or layer_norm_eps
  double epsilon = 1e-6;
  float norm_weight_offset = 0;
  std::string_view activation_key = "hidden_act", activation = "silu";
  int mlp_factor = 0;                         // hidden sizes that an MLP is wide; 0: the config has to say it
  std::span<const ConfigAlias> aliases = {};  // the family's own names of keys
};

// The layers of a config that spells them as Llama's does.
DecoderSpec describe_llama(const WeightSource& source);
DecoderSpec describe_llama(const WeightSource& source, const LlamaOptions& options);

// The parts: heads of a config whose hidden size is `hidden`, without names; the sizes beside the layers.
AttentionSpec describe_attention(const ConfigReader& config, int hidden);
DecoderSpec describe_sizes(const ConfigReader& config);
// q_proj, k_proj, v_proj and `output` under `name`.
void name_attention(AttentionSpec& attention, const std::string& name, std::string_view output = "o_proj");
// gate_proj, up_proj and down_proj under `name`.
GatedMlpSpec gated_mlp(const std::string& name, int width, Activation activation = Activation::silu);
// `name`.`up` and `name`.`down`, as wide and with the activation of the MLP that it takes the place of.
PlainMlpSpec plain_mlp(const MlpSpec& mlp, std::string_view up = "up_proj", std::string_view down = "down_proj");
// Queries, keys and values in one tensor: all of them after each other, or those of each key head.
void fuse_attention(AttentionSpec& attention, const std::string& tensor);
void fuse_heads(AttentionSpec& attention, const std::string& tensor);
// Gate and up in one tensor after each other.
void fuse_gate_up(GatedMlpSpec& mlp);
// "model.layers.3"
std::string layer_name(size_t layer);
// The width of the MLP, and the number of layers.
int mlp_width(const ConfigReader& config);
int layer_count(const ConfigReader& config);
// The activation under `key`; `fallback` where the config does not say.
Activation read_activation(const ConfigReader& config, std::string_view key, std::string_view fallback);
// For every layer whether layer_types calls it `kind`; the other kind it may name is `other`. Empty without the list.
std::vector<bool> layers_of_type(const ConfigReader& config, int layers, std::string_view kind, std::string_view other);

}  // namespace estoc
