// The format of an argument's value where a dialect writes strings as plain text and everything else as JSON.
//
// What: strings keep to enum, const, pattern, minLength and maxLength, other values to their whole schema.
#pragma once

#include <string_view>

#include "base/json.h"

namespace estoc {

// `schema` carries the definitions it refers to, `root` is the schema of all arguments; `end` is what no string has in
// it. Strings stand between `quotes`, if there are any.
Json written_argument(const Json& schema, const Json& root, std::string_view end, std::string_view quote = {});

}  // namespace estoc
