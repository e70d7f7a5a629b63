// A model family: a value that says which configs and files it reads, how their tensors are called, and what their
// layers are. One file and one line in family_list.inc each; central code loops over the list and never names a family.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "layers/layer_spec.h"
#include "weights/naming_rules.h"
#include "weights/weight_source.h"

namespace estoc {

struct ModelFamily {
  std::string_view name;
  std::span<const std::string_view> architectures;  // config.json "architectures"[0]
  // What the config says its layers are; throws Error{corrupt_file, unsupported} with file, key and what was expected.
  DecoderSpec (*describe)(const WeightSource& source);
  NamingRules naming = {};
  // Keys out of the list in config_keys.cc that this family computes; the others it refuses.
  std::span<const std::string_view> computes = {};
};

std::span<const ModelFamily* const> families();
// config.json "architectures"[0]; throws Error{corrupt_file} where there is none.
std::string architecture_of(const WeightSource& source);
// Of all families, those of encoders included (encoder_family.h): what open_weights needs.
std::span<const NamingRules* const> naming_rules();
// The family of a checkpoint; throws Error{unsupported} naming the architecture and those that are supported.
const ModelFamily& family_of(const WeightSource& source);

}  // namespace estoc
