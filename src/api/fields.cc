#include "api/fields.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "base/json_scan.h"
#include "base/log.h"

namespace estoc::api {

void refuse_field(const std::string& path, std::string_view problem) {
  throw Error(ErrorCode::invalid_argument, path.empty() ? std::string(problem) : fmt::format("{}: {}", path, problem),
              path);
}

namespace {

const Json::Object& object_of(const Json& value, const std::string& path) {
  if (!value.is_object()) {
    refuse_field(path,
                 fmt::format("{}expected an object, got {}", path.empty() ? "request body: " : "", value.type_name()));
  }
  const Json::Object& object = value.as_object();
  if (object.size() > limits::kFieldsMax) {
    refuse_field(path, fmt::format("expected at most {} fields, got {}", limits::kFieldsMax, object.size()));
  }
  return object;
}

std::string range_text(const auto& least, const auto& most, bool is_bounded) {
  return is_bounded ? fmt::format(" from {} to {}", least, most) : fmt::format(" of at least {}", least);
}

// Throws when there is more in `text` than is allowed; `what` is its name when no field is to blame.
void check_bounds(std::string_view text, const JsonBounds& bounds, std::string_view what) {
  const auto excess = find_json_excess(text, bounds);
  if (!excess) return;
  const std::string field(excess->field.substr(0, limits::kErrorParamBytesMax));
  const std::string place = field.empty() ? std::string(what) : field;
  std::string problem;
  switch (excess->kind) {
    case JsonExcess::Kind::depth:
      problem = fmt::format("nested deeper than {} levels", bounds.depth_max);
      break;
    case JsonExcess::Kind::values:
      problem = fmt::format("expected at most {} values in all", bounds.values_max);
      break;
    case JsonExcess::Kind::string:
      problem = fmt::format("expected at most {} bytes of text (more cannot fit the context), got {}",
                            bounds.string_bytes_max, excess->bytes);
      break;
  }
  throw Error(ErrorCode::invalid_argument, fmt::format("{}: {}", place, problem), field);
}

}  // namespace

Json parse_argument(std::string_view text) {
  check_bounds(text, {limits::kBodyDepthMax, limits::kArgumentValuesMax}, "the JSON");
  return parse_json(text);
}

Json parse_body(std::string_view body, size_t text_bytes_max) {
  if (body.empty()) fail(ErrorCode::invalid_argument, "the request body is empty, expected a JSON object");
  check_bounds(body, {limits::kBodyDepthMax, limits::kBodyValuesMax, text_bytes_max}, "the request body");
  try {
    return parse_json(body);
  } catch (const Error& error) {
    fail(ErrorCode::invalid_argument, "the request body is not valid JSON: {}", error.what());
  }
}

Fields::Fields(const Json& value, std::string path)
    : object_(object_of(value, path)), path_(std::move(path)), is_read_(object_.size()) {}

std::string Fields::path(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

void Fields::refuse(std::string_view name, std::string_view problem) const { refuse_field(path(name), problem); }

const Json* Fields::find(std::string_view name) {
  const Json* found = nullptr;
  for (size_t i = 0; i < object_.size(); ++i) {
    if (object_[i].first != name) continue;
    is_read_[i] = true;
    found = &object_[i].second;
  }
  return found == nullptr || found->is_null() ? nullptr : found;
}

std::optional<bool> Fields::boolean(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return {};
  if (!value->is_bool()) refuse(name, fmt::format("expected a boolean, got {}", value->type_name()));
  return value->as_bool();
}

std::optional<double> Fields::number(std::string_view name, double least, double most) {
  const Json* value = find(name);
  if (value == nullptr) return {};
  const std::string expected = fmt::format("expected a number{}", range_text(least, most, std::isfinite(most)));
  if (!value->is_number()) refuse(name, fmt::format("{}, got {}", expected, value->type_name()));
  const double number = value->as_double();
  if (!(number >= least && number <= most)) refuse(name, fmt::format("{}, got {}", expected, number));
  return number;
}

std::optional<int64_t> Fields::integer(std::string_view name, int64_t least, int64_t most) {
  const Json* value = find(name);
  if (value == nullptr) return {};
  const std::string expected =
      fmt::format("expected an integer{}", range_text(least, most, most != std::numeric_limits<int64_t>::max()));
  if (!value->is_number()) refuse(name, fmt::format("{}, got {}", expected, value->type_name()));
  const double number = value->as_double();
  if (!value->is_int() && std::trunc(number) != number) refuse(name, fmt::format("{}, got {}", expected, number));
  if (std::fabs(number) >= 9.0e15) refuse(name, fmt::format("{}, got {}", expected, number));
  const int64_t integer = value->as_int();
  if (integer < least || integer > most) refuse(name, fmt::format("{}, got {}", expected, integer));
  return integer;
}

std::optional<std::string> Fields::string(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return {};
  if (!value->is_string()) refuse(name, fmt::format("expected a string, got {}", value->type_name()));
  return value->as_string();
}

const Json::Array* Fields::array(std::string_view name, size_t count_max) {
  const Json* value = find(name);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) refuse(name, fmt::format("expected an array, got {}", value->type_name()));
  const Json::Array& items = value->as_array();
  if (items.size() > count_max) refuse(name, fmt::format("expected at most {} items, got {}", count_max, items.size()));
  return &items;
}

std::vector<std::string> Fields::unread() const {
  std::vector<std::string> names;
  for (size_t i = 0; i < object_.size(); ++i) {
    if (!is_read_[i]) names.push_back(object_[i].first);
  }
  return names;
}

void Fields::log_unread(std::string_view endpoint) const {
  const std::vector<std::string> names = unread();
  if (!names.empty()) log_debug("{}: ignored unknown fields: {}", endpoint, fmt::join(names, ", "));
}

}  // namespace estoc::api
