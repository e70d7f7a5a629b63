#include "api/chat_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/limits.h"

namespace estoc::api {
namespace {

struct Role {
  std::string_view name;
  std::string_view written;  // as templates know it
  bool may_be_silent;        // content may be null or absent
};

constexpr std::array<Role, 6> kRoles = {{{"system", "system", false},
                                         {"developer", "system", false},
                                         {"user", "user", false},
                                         {"assistant", "assistant", true},
                                         {"tool", "tool", false},
                                         {"function", "tool", true}}};

// Parts that are text, and the member that holds it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kTextParts = {
    {{"text", "text"}, {"input_text", "text"}, {"output_text", "text"}, {"refusal", "refusal"}}};

bool says_nothing(const Json& value) {
  return value.is_null() || (value.is_string() && value.as_string().empty()) ||
         (value.is_array() && value.as_array().empty());
}

// A copy without the members that say nothing.
Json spoken_members(const Json& object) {
  Json spoken(Json::Object{});
  for (const auto& [name, value] : object.as_object()) {
    const bool is_last = object.find(name) == &value;  // of two with one name the last counts
    if (is_last && !says_nothing(value)) spoken.set(name, value);
  }
  return spoken;
}

std::string read_parts(const Json::Array& parts, const std::string& path) {
  if (parts.size() > limits::kPartsMax) {
    refuse_field(path, fmt::format("expected at most {} parts, got {}", limits::kPartsMax, parts.size()));
  }
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string part_path = fmt::format("{}[{}]", path, i);
    Fields part(parts[i], part_path);
    const auto type = part.string("type");
    if (!type) part.refuse("type", "missing");
    const auto known = std::ranges::find(kTextParts, *type, [](const auto& pair) { return pair.first; });
    if (known == kTextParts.end()) {
      throw Error(ErrorCode::unsupported,
                  fmt::format("{}.type: only text parts are supported, got \"{}\"", part_path, *type),
                  part_path + ".type");
    }
    const auto part_text = part.string(known->second);
    if (!part_text) part.refuse(known->second, "missing");
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

// Clients send a call's arguments as JSON text, or nothing where a function has none; templates write out an object.
Json read_arguments(Fields& function) {
  const Json* arguments = function.find("arguments");
  if (arguments == nullptr || says_nothing(*arguments)) return Json(Json::Object{});
  if (!arguments->is_string()) return *arguments;
  try {
    return parse_argument(arguments->as_string());
  } catch (const Error& error) {
    function.refuse("arguments", fmt::format("not JSON: {}", error.what()));
  }
}

Json read_tool_calls(const Json::Array& calls, const std::string& path) {
  Json::Array read;
  for (size_t i = 0; i < calls.size(); ++i) {
    Fields call(calls[i], fmt::format("{}[{}]", path, i));
    const Json* function = call.find("function");
    if (function == nullptr) call.refuse("function", "missing");
    Fields function_fields(*function, call.path("function"));
    if (!function_fields.string("name")) function_fields.refuse("name", "missing");
    Json function_copy = spoken_members(*function);
    function_copy.set("arguments", read_arguments(function_fields));
    Json copy = spoken_members(calls[i]);
    copy.set("function", std::move(function_copy));
    read.push_back(std::move(copy));
  }
  return Json(std::move(read));
}

// What a model thought before it answered has two names: servers and templates use one or the other.
void name_reasoning_twice(Json& message) {
  const Json* content = message.find("reasoning_content");
  const Json* plain = message.find("reasoning");
  if (content == nullptr && plain != nullptr) message.set("reasoning_content", Json(*plain));
  if (plain == nullptr && content != nullptr) message.set("reasoning", Json(*content));
}

Json read_message(const Json& message, const std::string& path) {
  Fields fields(message, path);
  const auto name = fields.string("role");
  if (!name) fields.refuse("role", "missing");
  const auto role = std::ranges::find(kRoles, *name, &Role::name);
  if (role == kRoles.end()) {
    fields.refuse("role",
                  fmt::format("expected system, developer, user, assistant, tool or function, got \"{}\"", *name));
  }
  Json read = spoken_members(message);
  read.set("role", role->written);
  if (read.find("tool_calls") != nullptr) {
    read.set("tool_calls", read_tool_calls(*fields.array("tool_calls", limits::kToolCallsMax), fields.path("tool_calls")));
  }
  if (role->written == "assistant") name_reasoning_twice(read);
  const Json* content = fields.find("content");
  if (content == nullptr && !role->may_be_silent) fields.refuse("content", "missing");
  read.set("content", content == nullptr ? Json() : Json(read_content(*content, fields.path("content"))));
  return read;
}

}  // namespace

Json read_messages(Fields& fields) {
  const Json::Array* messages = fields.array("messages", limits::kMessagesMax);
  if (messages == nullptr) fields.refuse("messages", "missing");
  if (messages->empty()) fields.refuse("messages", "expected at least one message");
  Json::Array read;
  for (size_t i = 0; i < messages->size(); ++i) {
    read.push_back(read_message((*messages)[i], fmt::format("{}[{}]", fields.path("messages"), i)));
  }
  return Json(std::move(read));
}

}  // namespace estoc::api
