// A text that two JSON values have in common exactly when JSON Schema calls them equal: 1 and 1.0, objects in any
// order.
//
// Pure. Errors: Error{unsupported} for numbers too long to compare.
#pragma once

#include <string>

#include "base/json.h"

namespace estoc::grammar {

std::string json_key(const Json& value);

}  // namespace estoc::grammar
