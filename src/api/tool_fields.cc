#include "api/tool_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.h"

namespace estoc::api {
namespace {

constexpr size_t kNameBytesMax = 256;

// Dialects write a name between their marks as it is, so it has no letters that any of them could take for one.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytesMax && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
           c == '.' || c == ':' || c == '/';
  });
}

std::string read_name(Fields& function) {
  const auto name = function.string("name");
  if (!name) function.refuse("name", "missing");
  if (!is_name(*name)) {
    function.refuse("name", fmt::format("expected 1 to {} ASCII letters, digits, and _ - . : /, got \"{}\"",
                                        kNameBytesMax, name->substr(0, 80)));
  }
  return *name;
}

void read_tool(const Json& value, const std::string& path, Tools& tools, std::vector<bool>& are_strict) {
  Fields tool(value, path);
  const auto type = tool.string("type");
  if (type && *type != "function") {
    throw Error(ErrorCode::unsupported,
                fmt::format("{}: only functions are supported, got \"{}\"", tool.path("type"), type->substr(0, 80)),
                tool.path("type"));
  }
  const Json* described = tool.find("function");
  if (described == nullptr) tool.refuse("function", "missing");
  Fields function(*described, tool.path("function"));
  Tool read{read_name(function), {}};
  if (find_tool(tools, read.name) != nullptr) {
    function.refuse("name", fmt::format("there is another tool named \"{}\"", read.name));
  }
  if (const Json* parameters = function.find("parameters")) {
    (void)Fields(*parameters, function.path("parameters"));  // an object of sane size
    read.parameters = *parameters;
  }
  are_strict.push_back(function.boolean("strict").value_or(false));
  tools.push_back(std::move(read));
}

struct Choice {
  enum class Kind { none, automatic, required, named } kind = Kind::automatic;
  std::string name;
};

Choice read_choice(Fields& fields, const char* field) {
  const Json* value = fields.find(field);
  if (value == nullptr || *value == Json("") || *value == Json("auto")) return {};
  if (*value == Json("none")) return {Choice::Kind::none, {}};
  if (*value == Json("required")) return {Choice::Kind::required, {}};
  if (!value->is_object()) {
    fields.refuse(field, fmt::format("expected \"none\", \"auto\", \"required\" or an object that names one, got {}",
                                     to_json(*value).substr(0, 80)));
  }
  Fields choice(*value, fields.path(field));
  const Json* function = choice.find("function");
  if (function == nullptr) choice.refuse("function", "missing");
  Fields named(*function, choice.path("function"));
  return {Choice::Kind::named, read_name(named)};
}

// The older fields name what a call looks like in the answer, which nobody has asked for since.
void check_older_fields(Fields& fields) {
  const Json::Array* functions = fields.array("functions", limits::kToolsMax);
  const Json* choice = fields.find("function_call");
  const bool is_forbidden = choice != nullptr && *choice == Json("none");
  const bool asks = (functions != nullptr && !functions->empty()) ||
                    (choice != nullptr && *choice != Json("auto") && *choice != Json(""));
  if (!asks || is_forbidden) return;
  const char* field = functions != nullptr && !functions->empty() ? "functions" : "function_call";
  throw Error(ErrorCode::unsupported,
              fmt::format("{}: not supported; \"tools\" and \"tool_choice\" replaced it", fields.path(field)),
              fields.path(field));
}

}  // namespace

ToolRequest read_tool_fields(Fields& fields, const ServedModel& model) {
  check_older_fields(fields);
  const Json::Array* given = fields.array("tools", limits::kToolsMax);
  const Choice choice = read_choice(fields, "tool_choice");
  ToolRequest request;
  request.may_be_parallel = fields.boolean("parallel_tool_calls").value_or(true);
  Tools tools;
  for (size_t i = 0; given != nullptr && i < given->size(); ++i) {
    read_tool((*given)[i], fmt::format("{}[{}]", fields.path("tools"), i), tools, request.are_strict);
  }
  if (choice.kind == Choice::Kind::none) return request;
  request.needs_call = choice.kind != Choice::Kind::automatic;
  if (request.needs_call && tools.empty()) fields.refuse("tool_choice", "a call needs tools, and there are none");
  if (request.needs_call && model.dialect.calls == nullptr) {
    throw Error(ErrorCode::unsupported,
                "tool_choice: this server does not read the model's calls (--tool-call-parser none)",
                fields.path("tool_choice"));
  }
  if (tools.empty()) return request;
  request.shown = Json(*given);
  if (choice.kind == Choice::Kind::named) {
    const Tool* named = find_tool(tools, choice.name);
    if (named == nullptr) {
      fields.refuse("tool_choice", fmt::format("there is no tool named \"{}\"", choice.name));
    }
    request.are_strict = {request.are_strict[static_cast<size_t>(named - tools.data())]};
    tools = {*named};
    request.may_be_parallel = false;
  }
  request.tools = std::make_shared<const Tools>(std::move(tools));
  return request;
}

}  // namespace estoc::api
