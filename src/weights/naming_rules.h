// How the files of one model family spell what the family reads. Constant data that belongs to the family
// (models/family.h); whoever opens a file hands over the rules of all families, because weights/ knows none of them.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace estoc {

struct GgufRename {
  // "attn_q_norm", inside "blk.<layer>." and without ".weight" or ".bias"; or with that, if the end changes, too.
  std::string_view gguf;
  std::string_view hugging_face;  // "self_attn.q_norm", inside "model.layers.<layer>."
};

// One GGUF architecture whose files the family reads, and what the converter made of them.
struct GgufArchitecture {
  std::string_view name;          // general.architecture
  std::string_view architecture;  // "LlamaForCausalLM"
  std::string_view model_type;    // "llama"
  // The converter reordered the rows of q and k for rotations of adjacent pairs: llama.cpp's LlamaModel.permute, and
  // the converters that inherit it.
  bool has_interleaved_heads = false;
  std::span<const GgufRename> renames = {};  // beside the common names of gguf_names.cc, and before them
  // Of tensors that are in no layer, likewise: whole names but for ".weight" or ".bias".
  std::span<const GgufRename> model_renames = {};
};

// A text model of the family inside a checkpoint that reads more than text (weights/text_model.h).
struct TextModel {
  std::string_view model_type;     // of text_config
  std::string_view architecture;   // "LlamaForCausalLM"
  std::string_view defaults = {};  // a JSON object: keys with the values they have where text_config leaves them out
};

struct NamingRules {
  // Tensors, without ".weight". A file without `head` has the embedding in its place.
  std::string_view embedding = "model.embed_tokens";
  std::string_view head = "lm_head";
  std::span<const GgufArchitecture> gguf = {};
  std::span<const TextModel> text_models = {};

  std::string embedding_weight() const { return std::string(embedding) + ".weight"; }
  std::string head_weight() const { return std::string(head) + ".weight"; }
};

}  // namespace estoc
