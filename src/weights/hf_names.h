// What the tensors of Hugging Face files are called here: one frame for all families, whatever theirs is called.
//
// What: "model.layers.3.", "model.embed_tokens.", "model.norm." and "lm_head." are everybody's, where files also have
// "transformer.h.3.", "gpt_neox.layers.3." or, with pictures or sound at the input, "model.language_model.layers.3.";
// the names inside a layer stay the family's. Tensors of other parts than the text model have none. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace estoc {

// Nothing for tensors of other parts.
std::optional<std::string> hf_tensor_name(std::string_view name);
// The part that such a tensor is of, "vision_tower"; empty for those of the text model.
std::string_view other_part(std::string_view name);

}  // namespace estoc
