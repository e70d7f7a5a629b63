#include "weights/text_model.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "weights/byte_reader.h"

namespace estoc {
namespace {

// Before the names of a part's tensors, alone or inside "model.".
constexpr std::string_view kOtherParts[] = {
    "audio_tower",  "connector",    "embed_audio", "embed_vision",          "image_newline",
    "mm_projector", "mtp",          "mtp_block",   "multi_modal_projector", "vision_embed_tokens",
    "vision_model", "vision_tower", "visual",
};

constexpr std::pair<std::string_view, std::string_view> kTextStarts[] = {
    {"model.language_model.", "model."},
    {"language_model.model.", "model."},
    {"model.text_model.", "model."},
    {"language_model.lm_head.", "lm_head."},
};

// Of the whole, where the text model's config does not say otherwise.
constexpr std::string_view kSharedKeys[] = {"bos_token_id", "eos_token_id", "pad_token_id", "tie_word_embeddings"};

const TextModel& text_model_of(const Json& config, std::span<const NamingRules* const> rules, const std::string& file) {
  const Json* type = config.find("model_type");
  if (type == nullptr || !type->is_string()) fail(ErrorCode::corrupt_file, "{}: text_config has no model_type", file);
  std::string known;
  for (const NamingRules* family : rules) {
    for (const TextModel& candidate : family->text_models) {
      if (candidate.model_type == type->as_string()) return candidate;
      known += (known.empty() ? "" : ", ") + std::string(candidate.model_type);
    }
  }
  fail(ErrorCode::unsupported, "{}: text_config.model_type '{}' is not supported (supported: {})", file,
       shown(type->as_string()), known);
}

void set_where_absent(const Json* value, std::string_view key, Json& config) {
  const Json* found = config.find(key);
  if (value != nullptr && (found == nullptr || found->is_null())) config.set(key, *value);
}

}  // namespace

Json text_config(const Json& config, std::span<const NamingRules* const> rules, const std::string& file) {
  const Json* inner = config.find("text_config");
  if (inner == nullptr || inner->is_null()) return config;
  if (!inner->is_object()) fail(ErrorCode::corrupt_file, "{}: text_config is not an object", file);
  const TextModel& model = text_model_of(*inner, rules, file);
  Json text = *inner;
  text.set("architectures", Json::Array{model.architecture});
  for (const std::string_view key : kSharedKeys) set_where_absent(config.find(key), key, text);
  if (model.defaults.empty()) return text;
  const Json defaults = parse_json(model.defaults);
  for (const auto& [key, value] : defaults.as_object()) set_where_absent(&value, key, text);
  return text;
}

std::string_view other_part(std::string_view name) {
  constexpr std::string_view kModel = "model.";
  if (name.starts_with(kModel)) name.remove_prefix(kModel.size());
  const std::string_view first = name.substr(0, name.find('.'));
  return std::ranges::find(kOtherParts, first) == std::end(kOtherParts) ? std::string_view() : first;
}

std::optional<std::string> text_tensor_name(std::string_view name) {
  if (!other_part(name).empty()) return std::nullopt;
  for (const auto& [start, replacement] : kTextStarts) {
    if (name.starts_with(start)) return std::string(replacement) + std::string(name.substr(start.size()));
  }
  return std::string(name);
}

}  // namespace estoc
