// JSON from a stranger: bounded before anything is built from it.
// Threads: pure functions. Errors: Error{corrupt_file} that begins with `where`.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace estoc {

Json parse_reply(std::string_view text, const std::string& where);

// Fields of an object; the throwing ones name the field. A number is a size in bytes, bounded.
const std::string& text_field(const Json& object, std::string_view name, const std::string& where);
const std::string* text_field_or_null(const Json& object, std::string_view name);
uint64_t size_field(const Json& object, std::string_view name, const std::string& where);

}  // namespace estoc
