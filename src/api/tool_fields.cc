#include "api/tool_fields.h"

#include <fmt/format.h>

#include "base/error.h"

namespace estoc::api {
namespace {

// Tools, and the older fields that they replaced.
struct ToolFieldNames {
  const char *list, *choice;
};
constexpr ToolFieldNames kNames[] = {{"tools", "tool_choice"}, {"functions", "function_call"}};

// "none", "auto", "required", or "{...}" for an object, which names the one to call. Empty when absent.
std::string read_choice(Fields& fields, const char* name) {
  const Json* value = fields.find(name);
  if (value == nullptr || *value == Json("")) return {};
  if (value->is_object()) return "{...}";
  const std::string choice = value->is_string() ? value->as_string() : std::string();
  if (choice == "none" || choice == "auto" || choice == "required") return choice;
  fields.refuse(name, fmt::format("expected \"none\", \"auto\", \"required\" or an object that names one, got {}",
                                  to_json(*value).substr(0, 80)));
}

[[noreturn]] void refuse_calls(const Fields& fields, const char* name, std::string_view what) {
  throw Error(ErrorCode::unsupported, fmt::format("{}: {}", fields.path(name), what), fields.path(name));
}

}  // namespace

void check_tool_fields(Fields& fields) {
  for (const auto& [list, choice_name] : kNames) {
    const Json::Array* tools = fields.array(list);
    const std::string choice = read_choice(fields, choice_name);
    if (choice == "none") continue;
    if (choice == "required" || choice == "{...}") {
      refuse_calls(fields, choice_name, "requiring a call is not supported yet; \"none\" asks for text");
    }
    if (tools != nullptr && !tools->empty()) {
      refuse_calls(fields, list,
                   fmt::format("calling {0} is not supported yet; with \"{1}\": \"none\" the request is answered "
                               "without them",
                               list, choice_name));
    }
  }
}

}  // namespace estoc::api
