// The config of the text model inside a checkpoint that has more, pictures or sound at its input: such a config keeps
// it under text_config (weights/hf_names.h has the names of the tensors). Pure functions.
// Errors: Error{unsupported, corrupt_file} with the file and what was expected.
#pragma once

#include <span>
#include <string>

#include "base/json.h"
#include "weights/naming_rules.h"

namespace estoc {

// `config` itself without a text_config; else what is in there, with the architecture that the rules have for its
// model_type, what it leaves out, and the token ids of `config`. `file` is for messages.
Json text_config(const Json& config, std::span<const NamingRules* const> rules, const std::string& file);

}  // namespace estoc
