// Python's iteration protocol and subscripts over values. Errors: Failure where Python has a TypeError.
#pragma once

#include <memory>
#include <optional>

#include "chat/value.h"

namespace estoc::jinja {

// The items a `for` sees: of a sequence, the keys of a dict, the characters of a string, nothing of undefined.
// A generator gives its items once.
std::shared_ptr<const Sequence> iterate(const Value& value);
bool is_iterable(const Value& value);

// len(); Failure for values without one.
int64_t length_of(const Value& value);

// value[key] without attributes; nothing where Python raises a LookupError or TypeError.
std::optional<Value> item_of(const Value& value, const Value& key);

// value[start:stop:step]; undefined or none bounds are open.
Value slice_of(const Value& value, const Value& start, const Value& stop, const Value& step);

}  // namespace estoc::jinja
