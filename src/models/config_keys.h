// The keys of a config that change what a model computes: a family that does not compute one refuses it by its name,
// rather than answer wrongly. This is the list; docs/ADDING.md says what a new family does with it.
// Pure functions but for the log.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/family.h"
#include "models/model.h"
#include "weights/weight_source.h"

namespace estoc {

// Throws Error{unsupported} that names file, keys and values when the config asks for what a family does not compute.
// Neutral values are fine: a multiplier of 1, a feature that is off.
// `computes`: what the family called `family` does.
void refuse_uncomputed(const WeightSource& source, std::string_view family, std::span<const std::string_view> computes,
                       const ModelInfo& info);

// The keys that are in no list here, as the file spells them: of the config, of its rope scaling, of GGUF metadata.
std::vector<std::string> unknown_keys(const WeightSource& source);
// One warning that names them, if there are any.
void warn_of_unknown_keys(const WeightSource& source);

}  // namespace estoc
