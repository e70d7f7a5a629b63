// str.format and str.format_map: "{0.name!r:>8}". Fields reach into values as templates do; a markup string escapes
// what it takes in. Errors: Failure.
#pragma once

#include "jinja/evaluator.h"

namespace estoc::jinja {

// `named` is a dict, or for format_map whatever was given in its place.
Value str_format(Evaluator& evaluator, const Value& format, const Values& positional, const Value& named);

}  // namespace estoc::jinja
