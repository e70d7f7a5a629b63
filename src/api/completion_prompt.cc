#include "api/completion_prompt.h"

#include <fmt/format.h>

#include "api/engine_request.h"
#include "api/sampling_fields.h"

namespace estoc::api {
namespace {

CompletionPrompt read_one(const Json& value, const std::string& path, const ServedModel& model, bool add_special) {
  CompletionPrompt prompt;
  if (value.is_string()) {
    const std::string& text = value.as_string();
    check_text_length(text.size(), model, path);
    prompt.tokens = add_special ? model.prompts->encode(text)
                                : model.tokenizer->encode(text, {.add_special = false, .parse_special = true});
    prompt.text = std::make_shared<const std::string>(text);
  } else if (value.is_array()) {
    check_prompt_length(value.as_array().size(), model, path);
    prompt.tokens = read_token_ids(value, path, model, static_cast<size_t>(model.context));
    prompt.text = std::make_shared<const std::string>(model.tokenizer->decode(prompt.tokens));
  } else {
    refuse_field(path, fmt::format("expected a string or an array of token ids, got {}", value.type_name()));
  }
  check_prompt_length(prompt.tokens.size(), model, path);
  return prompt;
}

}  // namespace

std::vector<CompletionPrompt> read_completion_prompts(Fields& fields, const ServedModel& model) {
  const bool add_special = fields.boolean("add_special_tokens").value_or(true);
  const Json* value = fields.find("prompt");
  const std::string path = fields.path("prompt");
  if (value == nullptr) refuse_field(path, "missing");
  if (!value->is_string() && !value->is_array()) {
    refuse_field(path, fmt::format("expected a string or an array, got {}", value->type_name()));
  }
  const bool is_one = value->is_string() || value->as_array().empty() || value->as_array().front().is_number();
  if (is_one) return {read_one(*value, path, model, add_special)};
  const Json::Array& items = value->as_array();
  if (items.size() > limits::kPromptsMax) {
    refuse_field(path, fmt::format("expected at most {} prompts, got {}", limits::kPromptsMax, items.size()));
  }
  const bool are_texts = items.front().is_string();
  std::vector<CompletionPrompt> prompts;
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i].is_string() != are_texts) {
      refuse_field(fmt::format("{}[{}]", path, i),
                   fmt::format("expected {} as before, got {}", are_texts ? "a string" : "an array of token ids",
                               items[i].type_name()));
    }
    prompts.push_back(read_one(items[i], fmt::format("{}[{}]", path, i), model, add_special));
  }
  return prompts;
}

}  // namespace estoc::api
