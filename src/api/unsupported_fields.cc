#include "api/unsupported_fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace estoc::api {

void check_unsupported(Fields& fields, std::span<const UnsupportedField> unsupported) {
  for (const auto& [name, neutral] : unsupported) {
    const Json* value = fields.find(name);
    if (value == nullptr || *value == Json(false) || *value == Json("")) continue;
    if (std::ranges::find(neutral, *value) != neutral.end()) continue;
    if (value->is_array() && value->as_array().empty()) continue;
    if (value->is_object() && value->as_object().empty()) continue;
    throw Error(ErrorCode::unsupported, fmt::format("{}: not supported", fields.path(name)), fields.path(name));
  }
}

std::span<const UnsupportedField> shared_unsupported_fields() {
  static const std::vector<UnsupportedField> kFields = {
      {"guided_whitespace_pattern", {}}, {"grammar_lazy", {}},      {"use_beam_search", {}}, {"prompt_logprobs", {}},
      {"truncate_prompt_tokens", {}},    {"allowed_token_ids", {}}, {"bad_words", {}},
  };
  return kFields;
}

}  // namespace estoc::api
