#include "weights/text_model.h"

#include "base/error.h"
#include "weights/byte_reader.h"

namespace estoc {
namespace {

// Of the whole, where the text model's config does not say otherwise.
constexpr std::string_view kSharedKeys[] = {"bos_token_id", "eos_token_id", "pad_token_id"};

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
  // The two configs contradict each other where the text model's is the default: the head's tensor is there or not.
  text.set("tie_word_embeddings", nullptr);
  if (model.defaults.empty()) return text;
  const Json defaults = parse_json(model.defaults);
  for (const auto& [key, value] : defaults.as_object()) set_where_absent(&value, key, text);
  return text;
}

}  // namespace estoc
