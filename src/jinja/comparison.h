// Python's ==, ordering and `in`. Walks whole values: the caller charges their weight first.
// Errors: Failure where Python has a TypeError.
#pragma once

#include "jinja/value.h"

namespace estoc::jinja {

bool is_equal(const Value& left, const Value& right);
bool is_same(const Value& left, const Value& right);  // `is`
// Negative, zero or positive; for unordered floats (nan) 2. `sign` is the operator, for the message.
int compare(const Value& left, const Value& right, const char* sign);
bool is_in(const Value& needle, const Value& haystack);

}  // namespace estoc::jinja
