// Typed reading of one JSON object of a request, with the field's path in every error.
//
// What: each reader returns nothing when the field is absent or null (OpenAI's clients send both) and throws
// Error{invalid_argument} with `param` set when it has the wrong type or range:
// "stream_options.include_usage: expected a boolean, got string".
// Unknown fields are ignored: clients of other servers send many. unread() names them for the debug log.
// Ownership: keeps a reference to the object. Threads: one.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/limits.h"

namespace estoc::api {

// Throws Error{invalid_argument} "<path>: <problem>" with param = path.
[[noreturn]] void refuse_field(const std::string& path, std::string_view problem);

// The JSON of a request body. Throws Error{invalid_argument} when it is empty or malformed, and before anything is
// built from it when it is nested too deeply, has too many values or a string of more than `text_bytes_max` bytes.
Json parse_body(std::string_view body, size_t text_bytes_max = SIZE_MAX);

// The same for JSON that stands in a string of the body (the arguments of a tool call): less of it is allowed.
Json parse_argument(std::string_view text);

class Fields {
 public:
  // `path` is empty for the body itself. Throws when `value` is not an object or has more than limits::kFieldsMax
  // fields.
  explicit Fields(const Json& value, std::string path = {});

  const Json* find(std::string_view name);  // nullptr when absent or null
  std::optional<bool> boolean(std::string_view name);
  std::optional<double> number(std::string_view name, double least,
                               double most = std::numeric_limits<double>::infinity());
  std::optional<int64_t> integer(std::string_view name, int64_t least,
                                 int64_t most = std::numeric_limits<int64_t>::max());
  std::optional<std::string> string(std::string_view name);
  const Json::Array* array(std::string_view name, size_t count_max = limits::kListMax);

  std::string path(std::string_view name) const;
  [[noreturn]] void refuse(std::string_view name, std::string_view problem) const;

  // Names of the fields nobody asked for, in the object's order.
  std::vector<std::string> unread() const;
  // One debug line with them, if there are any.
  void log_unread(std::string_view endpoint) const;

 private:
  const Json::Object& object_;
  std::string path_;
  std::vector<bool> is_read_;
};

}  // namespace estoc::api
