// The caller's JSON as values of the template language. Errors: Failure for invalid UTF-8 or too deep nesting.
#pragma once

#include "base/json.h"
#include "jinja/value.h"

namespace estoc::jinja {

// Integers beyond 64 signed bits become floats, as JSON readers without big integers do.
Value from_json(const Json& json);

}  // namespace estoc::jinja
