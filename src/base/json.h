// One JSON value type and one reader and writer, for files, schemas and the API.
//
// What: an owning, ordered value. Objects keep the order of their keys (chat templates depend on it) and are searched
// linearly, so iterate over big ones (a tokenizer's vocabulary) instead of looking names up.
// Numbers: integers that fit stay integers (int64, then uint64); the rest are doubles, read exactly.
// Threads: a value is plain data. Errors: parse and the as_* readers throw Error{invalid_argument}.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace estoc {

class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;

  Json() = default;  // null
  Json(std::nullptr_t) {}
  Json(bool value) : value_(value) {}
  Json(int value) : value_(int64_t{value}) {}
  Json(int64_t value) : value_(value) {}
  Json(uint64_t value) : value_(value) {}
  Json(double value) : value_(value) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_int() const { return std::holds_alternative<int64_t>(value_) || std::holds_alternative<uint64_t>(value_); }
  bool is_number() const { return is_int() || std::holds_alternative<double>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }
  // "null", "boolean", "integer", "number", "string", "array" or "object": for messages.
  const char* type_name() const;

  // The value as the named type; throws Error{invalid_argument} "expected a string, got integer" when it is another.
  bool as_bool() const;
  int64_t as_int() const;    // also a double with an integral value
  uint64_t as_uint() const;  // a non-negative integer
  double as_double() const;  // any number
  const std::string& as_string() const;
  const Array& as_array() const;
  const Object& as_object() const;
  Array& as_array();
  Object& as_object();

  // Objects. find returns nullptr when the key is absent or this is not an object. The last duplicate wins.
  const Json* find(std::string_view key) const;
  Json& set(std::string_view key, Json value);  // replaces or appends; makes a null value an object
  void push_back(Json value);                   // makes a null value an array

  bool operator==(const Json& other) const = default;

 private:
  std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, Array, Object> value_;
};

// Parses one JSON document of any size. Throws Error{invalid_argument} for malformed text, invalid UTF-8 or nesting
// deeper than `depth_max`. The message names the problem, not the place.
Json parse_json(std::string_view text, int depth_max = 256);

// Writes compact JSON, always valid UTF-8 (broken bytes become U+FFFD). NaN and infinities become null.
std::string to_json(const Json& value);
void append_json(std::string& out, const Json& value);
void append_json_string(std::string& out, std::string_view text);  // with the quotes

}  // namespace estoc
