#include "api/chat_prompt.h"

#include <fmt/format.h>

#include "api/chat_messages.h"
#include "api/engine_request.h"
#include "api/tool_messages.h"
#include "base/error.h"

namespace estoc::api {
namespace {

// Whether an object is a part of a message that is no text: pictures and sound, which are refused by their kind later.
bool is_media(const Json& value) {
  const Json* type = value.find("type");
  if (type == nullptr || !type->is_string() || value.find("role") != nullptr) return false;
  const std::string& kind = type->as_string();
  return !kind.ends_with("text") && kind != "refusal" && kind != "function";
}

// Bytes of all text in `value`.
size_t text_bytes(const Json& value) {
  size_t bytes = 0;
  if (value.is_string()) return value.as_string().size();
  if (value.is_array()) {
    for (const Json& item : value.as_array()) bytes += text_bytes(item);
  } else if (value.is_object() && !is_media(value)) {
    for (const auto& [name, item] : value.as_object()) bytes += text_bytes(item);
  }
  return bytes;
}

// What the request itself tells the template, besides the messages.
Json read_variables(Fields& fields) {
  Json variables(Json::Object{});
  if (const Json* given = fields.find("chat_template_kwargs")) {
    (void)Fields(*given, fields.path("chat_template_kwargs"));  // checks that it is an object of sane size
    variables = *given;
  }
  if (const auto effort = fields.string("reasoning_effort")) variables.set("reasoning_effort", *effort);
  return variables;
}

std::string render(const ServedModel& model, Conversation conversation) {
  try {
    return model.prompts->render(std::move(conversation));
  } catch (const Error& error) {
    throw Error(ErrorCode::invalid_argument, fmt::format("messages: the chat template failed: {}", error.what()),
                "messages");
  }
}

}  // namespace

ChatPrompt read_chat_prompt(Fields& fields, const ServedModel& model, Json tools) {
  if (const Json* messages = fields.find("messages")) check_text_length(text_bytes(*messages), model, "messages");
  Conversation conversation;
  conversation.messages = read_messages(fields);
  conversation.is_open = fields.boolean("continue_final_message").value_or(false);
  conversation.adds_generation_prompt = fields.boolean("add_generation_prompt").value_or(!conversation.is_open);
  if (conversation.is_open && conversation.adds_generation_prompt) {
    fields.refuse("continue_final_message", "cannot be true together with add_generation_prompt");
  }
  if (!model.prompts->has_template()) {
    throw Error(
        ErrorCode::unsupported,
        fmt::format("model \"{}\" has no chat template: use /v1/completions with the prompt's text", model.name),
        "messages");
  }
  conversation.variables = read_variables(fields);
  if (!tools.is_null()) check_text_length(text_bytes(tools), model, "tools");
  conversation.tools = std::move(tools);
  write_tools_into_messages(conversation, model.prompts->tool_turns());
  const bool continues = conversation.is_open;
  const std::string text = render(model, std::move(conversation));
  check_text_length(text.size(), model, "messages");
  std::vector<TokenId> tokens = model.prompts->encode(text);
  check_prompt_length(tokens.size(), model, "messages");
  const ReasoningStyle* reasoning = model.dialect.reasoning;
  return {std::move(tokens), continues, reasoning != nullptr && ends_in_reasoning(text, *reasoning)};
}

}  // namespace estoc::api
