#include "api/chat_prompt.h"

#include <fmt/format.h>

#include "api/chat_messages.h"
#include "api/engine_request.h"
#include "base/error.h"

namespace estoc::api {
namespace {

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

ChatPrompt read_chat_prompt(Fields& fields, const ServedModel& model) {
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
  ChatPrompt prompt;
  prompt.continues_message = conversation.is_open;
  prompt.tokens = model.prompts->encode(render(model, std::move(conversation)));
  check_prompt_length(prompt.tokens.size(), model, "messages");
  return prompt;
}

}  // namespace estoc::api
