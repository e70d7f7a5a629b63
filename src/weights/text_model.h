// The text model inside a checkpoint that has more: pictures or sound at its input, heads that foresee several tokens.
//
// What: such a config keeps the text model's own under text_config, and its tensors under a name of their own
// ("model.language_model.layers..." or, in older files, "language_model.model.layers..."). Here that config becomes the
// config and the tensors get the names they have in a checkpoint of the text model alone; those of other parts are
// left out. Pure functions. Errors: Error{unsupported, corrupt_file} with the file and what was expected.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "weights/naming_rules.h"

namespace estoc {

// `config` itself without a text_config; else what is in there, with the architecture that the rules have for its
// model_type, what it leaves out, and the token ids of `config`. `file` is for messages.
Json text_config(const Json& config, std::span<const NamingRules* const> rules, const std::string& file);

// The name in a checkpoint of the text model alone; nothing for tensors of other parts.
std::optional<std::string> text_tensor_name(std::string_view name);
// The part that such a tensor is of, "vision_tower"; empty for those of the text model.
std::string_view other_part(std::string_view name);

}  // namespace estoc
