#include "weights/hf_names.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace estoc {
namespace {

// Before the names of a part's tensors, alone or inside "model.".
constexpr std::string_view kOtherParts[] = {
    "audio_tower",  "connector",    "embed_audio", "embed_vision",          "image_newline",
    "mm_projector", "mtp",          "mtp_block",   "multi_modal_projector", "vision_embed_tokens",
    "vision_model", "vision_tower", "visual",
};

constexpr std::pair<std::string_view, std::string_view> kStarts[] = {
    // Inside a bigger checkpoint.
    {"model.language_model.", "model."},
    {"language_model.model.", "model."},
    {"model.text_model.", "model."},
    {"language_model.lm_head.", "lm_head."},
    // GPT-2, whose first files are of the model without its head, and Falcon.
    {"transformer.h.", "model.layers."},
    {"h.", "model.layers."},
    {"transformer.wte.", "model.embed_tokens."},
    {"wte.", "model.embed_tokens."},
    {"transformer.word_embeddings.", "model.embed_tokens."},
    {"transformer.wpe.", "model.embed_positions."},
    {"wpe.", "model.embed_positions."},
    {"transformer.ln_f.", "model.norm."},
    {"ln_f.", "model.norm."},
    // GPT-NeoX.
    {"gpt_neox.layers.", "model.layers."},
    {"gpt_neox.embed_in.", "model.embed_tokens."},
    {"gpt_neox.final_layer_norm.", "model.norm."},
    {"embed_out.", "lm_head."},
    // Mamba-2 and Nemotron-H.
    {"backbone.layers.", "model.layers."},
    {"backbone.embeddings.", "model.embed_tokens."},
    {"backbone.embedding.", "model.embed_tokens."},
    {"backbone.norm_f.", "model.norm."},
    // Encoders, whose files are often of the model without its head.
    {"bert.encoder.layer.", "model.layers."},
    {"roberta.encoder.layer.", "model.layers."},
    {"encoder.layer.", "model.layers."},
    {"distilbert.transformer.layer.", "model.layers."},
    {"transformer.layer.", "model.layers."},
    {"encoder.layers.", "model.layers."},
    {"bert.embeddings.", "embeddings."},
    {"roberta.embeddings.", "embeddings."},
    {"distilbert.embeddings.", "embeddings."},
    {"model.embeddings.", "embeddings."},
    {"bert.pooler.", "pooler."},
    {"layers.", "model.layers."},
    {"embed_tokens.", "model.embed_tokens."},
    {"norm.", "model.norm."},
    {"final_norm.", "model.norm."},
    {"model.final_norm.", "model.norm."},
    // Phi, Falcon-H1, Bamba.
    {"model.final_layernorm.", "model.norm."},
};

// Of the first BERT's files.
constexpr std::pair<std::string_view, std::string_view> kEnds[] = {{".LayerNorm.gamma", ".LayerNorm.weight"},
                                                                   {".LayerNorm.beta", ".LayerNorm.bias"}};

}  // namespace

std::string_view other_part(std::string_view name) {
  constexpr std::string_view kModel = "model.";
  if (name.starts_with(kModel)) name.remove_prefix(kModel.size());
  const std::string_view first = name.substr(0, name.find('.'));
  return std::ranges::find(kOtherParts, first) == std::end(kOtherParts) ? std::string_view() : first;
}

std::optional<std::string> hf_tensor_name(std::string_view name) {
  if (!other_part(name).empty()) return std::nullopt;
  std::string own(name);
  for (const auto& [start, replacement] : kStarts) {
    if (!name.starts_with(start)) continue;
    own = std::string(replacement) + std::string(name.substr(start.size()));
    break;
  }
  for (const auto& [end, replacement] : kEnds) {
    if (own.ends_with(end)) own.replace(own.size() - end.size(), end.size(), replacement);
  }
  return own;
}

}  // namespace estoc
