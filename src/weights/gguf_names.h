// GGUF's names of architectures and tensors, said again as Hugging Face's by the rules of a family. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "weights/naming_rules.h"

namespace estoc {

// A GGUF architecture and the rules of the family that reads it.
struct GgufNaming {
  const NamingRules* rules = nullptr;
  const GgufArchitecture* architecture = nullptr;
};

// Throws Error{unsupported} that names the architecture and those that are supported; `file` is for the message.
GgufNaming gguf_naming(std::string_view architecture, std::span<const NamingRules* const> rules,
                       const std::string& file);

// The parts of "blk.3.attn_q.weight", or of "blk.3.ssm_a".
struct GgufLayerTensor {
  int64_t layer = 0;
  std::string_view part;  // "attn_q"
  std::string_view kind;  // ".weight"; may be empty
};

// Nothing for names of another form.
std::optional<GgufLayerTensor> gguf_layer_tensor(std::string_view gguf_name);

// "blk.3.attn_q.weight" to "model.layers.3.self_attn.q_proj.weight"; names without a translation stay as they are.
std::string hugging_face_name(std::string_view gguf_name, const GgufNaming& naming);

}  // namespace estoc
