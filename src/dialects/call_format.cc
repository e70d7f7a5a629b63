#include "dialects/call_format.h"

#include <algorithm>
#include <utility>

namespace estoc {
namespace {

Json of_type(const char* type, const char* member, Json value) {
  return Json(Json::Object{{"type", Json(type)}, {member, std::move(value)}});
}

}  // namespace

Json Form::text(std::string_view text) { return of_type("const_string", "value", Json(text)); }
Json Form::schema(Json schema) { return of_type("json_schema", "json_schema", std::move(schema)); }
Json Form::regex(std::string_view pattern) { return of_type("regex", "pattern", Json(pattern)); }
Json Form::part(int index) { return of_type("part", "index", Json(index)); }
Json Form::sequence(Json::Array elements) { return of_type("sequence", "elements", Json(std::move(elements))); }
Json Form::optional(Json element) { return of_type("optional", "content", std::move(element)); }

Json Form::any_text(std::vector<std::string_view> excludes) {
  return of_type("any_text", "excludes", Json(Json::Array(excludes.begin(), excludes.end())));
}

Json Form::either(Json::Array elements) {
  if (elements.size() == 1) return std::move(elements.front());
  return of_type("or", "elements", Json(std::move(elements)));
}

Json Form::several(Json element, std::string_view separator) {
  Json made = of_type("plus", "content", std::move(element));
  made.set("separator", Json(separator));
  return made;
}

CallFormat format_with_trigger(std::string_view trigger, Json calls) {
  Json choice = Form::sequence({Form::any_text({trigger}), Form::optional(calls)});
  return {std::move(calls), std::move(choice)};
}

CallFormat format_at_beginning(std::string_view first, Json calls) {
  std::string others = "[^";
  for (const char c : first) (others += '\\') += c;
  Json text = Form::optional(Form::sequence({Form::regex(others + "]"), Form::any_text({})}));
  Json choice = Form::either({std::move(text), calls});
  return {std::move(calls), std::move(choice)};
}

Json arguments_schema(const Tool& tool) {
  if (tool.parameters.is_null() || tool.parameters == Json(Json::Object{})) {
    return parse_json(R"({"type": "object", "properties": {}, "additionalProperties": false})");
  }
  Json schema = tool.parameters;
  if (schema.is_object() && schema.find("type") == nullptr) schema.set("type", Json("object"));
  return schema;
}

std::vector<Argument> arguments_of(const Tool& tool) {
  std::vector<Argument> arguments;
  const Json* properties = tool.parameters.find("properties");
  if (properties == nullptr || !properties->is_object()) return arguments;
  const Json* required = tool.parameters.find("required");
  for (const auto& [name, schema] : properties->as_object()) {
    Argument argument{name, schema};
    for (const char* key : {"$defs", "definitions"}) {
      const Json* definitions = tool.parameters.find(key);
      if (definitions != nullptr && argument.schema.is_object()) argument.schema.set(key, *definitions);
    }
    argument.is_required = required != nullptr && required->is_array() &&
                           std::ranges::find(required->as_array(), Json(name)) != required->as_array().end();
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

}  // namespace estoc
