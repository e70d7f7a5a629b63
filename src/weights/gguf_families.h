// What a GGUF architecture is called among Hugging Face models, and what its converter did to names and rows.
// Constant data. An architecture that is not here passes through under its own name, for models/ to refuse.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace estoc {

struct GgufRename {
  std::string_view gguf;          // "ffn_up"
  std::string_view hugging_face;  // "mlp.gate_up_proj"
};

struct GgufFamily {
  std::string_view gguf;          // general.architecture
  std::string_view architecture;  // "LlamaForCausalLM"
  std::string_view model_type;    // "llama"
  // The converter reordered the rows of q and k for rotations of adjacent pairs (its LlamaModel.permute).
  bool has_interleaved_heads;
  std::span<const GgufRename> renames;  // where the family departs from the common names
};

// nullptr when unknown.
const GgufFamily* find_gguf_family(std::string_view gguf_architecture);

// "blk.3.attn_q.weight" to "model.layers.3.self_attn.q_proj.weight"; names without a translation stay as they are.
std::string hugging_face_name(std::string_view gguf_name, const GgufFamily* family);

}  // namespace estoc
