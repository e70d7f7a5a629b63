// The tojson filter: JSON the way Python's json.dumps writes it. Errors: Failure for what JSON cannot hold.
#pragma once

#include <optional>
#include <string>

#include "jinja/value.h"

namespace estoc::jinja {

struct JsonStyle {
  bool is_ascii = false;
  bool sorts_keys = false;
  std::optional<std::string> indent;  // one level's white space; lines only when set
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};

std::string json_text(const Value& value, const JsonStyle& style);

}  // namespace estoc::jinja
