// Values that a dialect writes as plain text, as the JSON that a tool's schema has for them.
//
// What: where only a string may stand, the text is that string whatever it looks like. Elsewhere it is the JSON value
// that it spells (also as Python spells true, false and null), if the schema has values of that type; else a string.
// Threads: pure functions. Nothing throws.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace estoc {

// `schema` may be null; `root` is where its references begin.
bool admits_strings_only(const Json* schema, const Json& root);
bool admits_strings(const Json* schema, const Json& root);
// What "#/$defs/name" stands for in `root`, or null.
const Json* referred_schema(std::string_view reference, const Json& root);
// The value as JSON text.
std::string typed_value(std::string_view text, const Json* schema, const Json& root);
// What stands for `text`, which may be cut within a character, within a JSON string.
std::string within_json_string(std::string_view text);

}  // namespace estoc
