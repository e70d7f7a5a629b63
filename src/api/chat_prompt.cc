#include "api/chat_prompt.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/engine_request.h"
#include "base/error.h"

namespace estoc::api {
namespace {

constexpr std::array<std::string_view, 5> kRoles = {"system", "developer", "user", "assistant", "tool"};

std::string read_parts(const Json::Array& parts, const std::string& path) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string part_path = fmt::format("{}[{}]", path, i);
    Fields part(parts[i], part_path);
    const auto type = part.string("type");
    if (!type) part.refuse("type", "missing");
    if (*type != "text") {
      throw Error(ErrorCode::unsupported,
                  fmt::format("{}.type: only text parts are supported, got \"{}\"", part_path, *type),
                  part_path + ".type");
    }
    const auto part_text = part.string("text");
    if (!part_text) part.refuse("text", "missing");
    if (i > 0) text += '\n';
    text += *part_text;
  }
  return text;
}

std::string read_content(const Json& content, const std::string& path) {
  if (content.is_string()) return content.as_string();
  if (content.is_array()) return read_parts(content.as_array(), path);
  refuse_field(path, fmt::format("expected a string or an array of parts, got {}", content.type_name()));
}

// Clients send a call's arguments as JSON text; templates write them out as an object.
Json read_tool_calls(const Json::Array& calls, const std::string& path) {
  Json::Array read;
  for (size_t i = 0; i < calls.size(); ++i) {
    const std::string call_path = fmt::format("{}[{}]", path, i);
    Fields call(calls[i], call_path);
    const Json* function = call.find("function");
    if (function == nullptr) call.refuse("function", "missing");
    Fields function_fields(*function, call.path("function"));
    if (!function_fields.string("name")) function_fields.refuse("name", "missing");
    Json copy = calls[i];
    const Json* arguments = function_fields.find("arguments");
    if (arguments != nullptr && arguments->is_string()) {
      Json parsed(Json::Object{});
      try {
        if (!arguments->as_string().empty()) parsed = parse_json(arguments->as_string());
      } catch (const Error& error) {
        function_fields.refuse("arguments", fmt::format("not JSON: {}", error.what()));
      }
      Json function_copy = *function;
      function_copy.set("arguments", std::move(parsed));
      copy.set("function", std::move(function_copy));
    }
    read.push_back(std::move(copy));
  }
  return Json(std::move(read));
}

Json read_message(const Json& message, const std::string& path) {
  Fields fields(message, path);
  const auto role = fields.string("role");
  if (!role) fields.refuse("role", "missing");
  if (std::ranges::find(kRoles, *role) == kRoles.end()) {
    fields.refuse("role", fmt::format("expected system, developer, user, assistant or tool, got \"{}\"", *role));
  }
  Json read = message;
  read.set("role", *role == "developer" ? "system" : std::string_view(*role));
  const Json::Array* calls = fields.array("tool_calls");
  const bool has_calls = calls != nullptr && !calls->empty();
  if (has_calls) read.set("tool_calls", read_tool_calls(*calls, fields.path("tool_calls")));
  const Json* content = fields.find("content");
  if (content == nullptr && !(has_calls && *role == "assistant")) fields.refuse("content", "missing");
  read.set("content", content == nullptr ? std::string() : read_content(*content, fields.path("content")));
  return read;
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

Json read_messages(Fields& fields) {
  const Json::Array* messages = fields.array("messages");
  if (messages == nullptr) fields.refuse("messages", "missing");
  if (messages->empty()) fields.refuse("messages", "expected at least one message");
  Json::Array read;
  for (size_t i = 0; i < messages->size(); ++i) {
    read.push_back(read_message((*messages)[i], fmt::format("{}[{}]", fields.path("messages"), i)));
  }
  return Json(std::move(read));
}

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
