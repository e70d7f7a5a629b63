// Values from JSON and to JSON. Errors: Failure for invalid UTF-8, too deep nesting, and what JSON cannot hold.
// Internal to jinja/.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "jinja/value.h"

namespace estoc::jinja {

// Integers beyond 64 signed bits become floats, as JSON readers without big integers do.
Value from_json(const Json& json);

// How json_text writes; the defaults are those of Python's json.dumps.
struct JsonStyle {
  bool is_ascii = false;
  bool sorts_keys = false;
  std::optional<std::string> indent;  // one level's white space; lines only when set
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};

std::string json_text(const Value& value, const JsonStyle& style);

}  // namespace estoc::jinja
