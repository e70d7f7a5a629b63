#include "api/tool_messages.h"

#include <string>
#include <utility>

namespace estoc::api {
namespace {

std::string text_of(const Json& message) {
  const Json* content = message.find("content");
  return content != nullptr && content->is_string() ? content->as_string() : std::string();
}

std::string shown(const Json& tools) {
  std::string text =
      "You can call functions to answer the user. These are the functions, as JSON, between tags:\n<tools>\n";
  for (const Json& tool : tools.as_array()) text += to_json(tool) + "\n";
  return text +
         "</tools>\n\nFor each call answer with the function's name and its arguments as JSON between tags:\n"
         "<tool_call>\n{\"name\": \"function's name\", \"arguments\": {\"argument's name\": \"value\"}}\n</tool_call>";
}

void show_tools(Json& messages, const Json& tools) {
  Json::Array& all = messages.as_array();
  const Json* role = all.front().find("role");
  if (role != nullptr && *role == Json("system")) {
    const std::string said = text_of(all.front());
    all.front().set("content", said + (said.empty() ? "" : "\n\n") + shown(tools));
    return;
  }
  Json system(Json::Object{{"role", Json("system")}, {"content", Json(shown(tools))}});
  all.insert(all.begin(), std::move(system));
}

void write_calls(Json& message) {
  const Json* calls = message.find("tool_calls");
  if (calls == nullptr) return;
  std::string text = text_of(message);
  for (const Json& call : calls->as_array()) {
    const Json& function = *call.find("function");
    Json written(Json::Object{{"name", *function.find("name")}, {"arguments", *function.find("arguments")}});
    text += (text.empty() ? "" : "\n") + std::string("<tool_call>\n") + to_json(written) + "\n</tool_call>";
  }
  Json::Object others;
  for (auto& [name, value] : message.as_object()) {
    if (name != "tool_calls" && name != "content") others.emplace_back(name, std::move(value));
  }
  others.emplace_back("content", Json(std::move(text)));
  message = Json(std::move(others));
}

// Results that follow each other are one message: many templates want users and assistants to take turns.
void write_results(Json& messages) {
  Json::Array written;
  bool is_result = false;
  for (Json& message : messages.as_array()) {
    const bool was_result = std::exchange(is_result, *message.find("role") == Json("tool"));
    if (!is_result) {
      written.push_back(std::move(message));
      continue;
    }
    const std::string text = "<tool_response>\n" + text_of(message) + "\n</tool_response>";
    if (was_result) {
      written.back().set("content", text_of(written.back()) + "\n" + text);
    } else {
      written.push_back(Json(Json::Object{{"role", Json("user")}, {"content", Json(text)}}));
    }
  }
  messages = Json(std::move(written));
}

}  // namespace

void write_tools_into_messages(Conversation& conversation, const ToolTurns& template_writes) {
  if (!template_writes.writes_calls) {
    for (Json& message : conversation.messages.as_array()) write_calls(message);
  }
  if (!template_writes.writes_results) write_results(conversation.messages);
  if (conversation.tools.is_null() || template_writes.shows_tools) return;
  show_tools(conversation.messages, std::exchange(conversation.tools, Json()));
}

}  // namespace estoc::api
