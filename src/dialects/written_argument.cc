#include "dialects/written_argument.h"

#include <algorithm>

#include "dialects/call_format.h"
#include "dialects/typed_text.h"

namespace estoc {
namespace {

constexpr int kBranchesDepthMax = 8;  // of alternatives within alternatives; deeper ones are any text

constexpr std::string_view kAllOf = "allOf";

Json with_type(const Json& schema, const char* type) {
  Json copy = schema;
  copy.set("type", Json(type));
  return copy;
}

Json with_definitions(Json schema, const Json& root) {
  for (const char* key : {"$defs", "definitions"}) {
    const Json* definitions = root.find(key);
    if (definitions != nullptr && schema.is_object()) schema.set(key, *definitions);
  }
  return schema;
}

// How a dialect writes strings.
struct Strings {
  std::string_view end, quote;

  Json any(const Json& schema = {}) const {
    Json text = Form::any_text({end});
    for (const char* key : {"minLength", "maxLength", "pattern"}) {
      if (const Json* value = schema.find(key)) text.set(key, *value);
    }
    return quote.empty() ? text : Form::sequence({Form::text(quote), std::move(text), Form::text(quote)});
  }
  Json one(const Json& value) const {
    if (!value.is_string()) return Form::text(to_json(value));
    return Form::text(std::string(quote) + value.as_string() + std::string(quote));
  }
};

Json written(const Json& schema, const Json& root, const Strings& strings, int depth) {
  if (!schema.is_object() || depth > kBranchesDepthMax) return strings.any();
  if (const Json* reference = schema.find("$ref"); reference != nullptr && reference->is_string()) {
    const Json* target = referred_schema(reference->as_string(), root);
    return target == nullptr ? strings.any() : written(with_definitions(*target, root), root, strings, depth + 1);
  }
  if (const Json* constant = schema.find("const")) return strings.one(*constant);
  if (const Json* values = schema.find("enum");
      values != nullptr && values->is_array() && !values->as_array().empty()) {
    Json::Array all;
    for (const Json& value : values->as_array()) all.push_back(strings.one(value));
    return Form::either(std::move(all));
  }
  if (const Json* type = schema.find("type"); type != nullptr && type->is_array()) {
    Json::Array all;
    for (const Json& one : type->as_array()) {
      if (one.is_string()) all.push_back(written(with_type(schema, one.as_string().c_str()), root, strings, depth + 1));
    }
    return all.empty() ? strings.any() : Form::either(std::move(all));
  }
  if (schema.find("type") != nullptr) {
    return *schema.find("type") == Json("string") ? strings.any(schema) : Form::schema(schema);
  }
  for (const std::string_view key : {std::string_view("anyOf"), std::string_view("oneOf"), kAllOf}) {
    const Json* branches = schema.find(key);
    if (branches == nullptr || !branches->is_array() || branches->as_array().empty()) continue;
    if (key == kAllOf && branches->as_array().size() > 1) continue;  // any text: it cannot be one of them
    Json::Array all;
    for (const Json& branch : branches->as_array()) {
      all.push_back(written(with_definitions(branch, root), root, strings, depth + 1));
    }
    return Form::either(std::move(all));
  }
  return strings.any(schema);
}

}  // namespace

Json written_argument(const Json& schema, const Json& root, std::string_view end, std::string_view quote) {
  return written(schema, root, Strings{end, quote}, 0);
}

}  // namespace estoc
