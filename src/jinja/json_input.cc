#include "jinja/json_input.h"

#include <limits>

#include "base/utf8.h"
#include "jinja/failure.h"
#include "jinja/limits.h"
#include "jinja/value.h"

namespace estoc::jinja {
namespace {

Value from_number(const Json& json) {
  if (!json.is_int()) return Value::floating(json.as_double());
  const bool is_big = json.as_double() > 9.2e18 && json.as_uint() > uint64_t{std::numeric_limits<int64_t>::max()};
  return is_big ? Value::floating(json.as_double()) : Value::integer(json.as_int());
}

std::string checked(const std::string& text) {
  if (!is_valid_utf8(text)) stop("a string among the variables is not valid UTF-8");
  return text;
}

Value converted(const Json& json, int depth) {
  if (depth > kValueDepthMax) stop("a variable nests deeper than {} levels", kValueDepthMax);
  if (json.is_null()) return Value::none();
  if (json.is_bool()) return Value::boolean(json.as_bool());
  if (json.is_number()) return from_number(json);
  if (json.is_string()) return Value::string(checked(json.as_string()));
  if (json.is_array()) {
    Values items;
    items.reserve(json.as_array().size());
    for (const Json& item : json.as_array()) items.push_back(converted(item, depth + 1));
    return Value::list(std::move(items));
  }
  Dict dict;
  for (const auto& [key, item] : json.as_object()) dict.set(checked(key), converted(item, depth + 1));
  return Value::dict(std::move(dict));
}

}  // namespace

Value from_json(const Json& json) { return converted(json, 1); }

}  // namespace estoc::jinja
