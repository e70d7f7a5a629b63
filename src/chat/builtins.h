// The functions templates find ready: filters, `is` tests, methods of strings and containers, globals.
//
// All are pure apart from the evaluator they charge their work to. Errors: Failure.
#pragma once

#include <optional>
#include <string_view>

#include "chat/object.h"
#include "chat/value.h"

namespace estoc::jinja {

using Filter = Value (*)(Evaluator&, const Value&, Arguments&);
using Predicate = bool (*)(Evaluator&, const Value&, Arguments&);
using Method = Value (*)(Evaluator&, const Value&, Arguments&);

// Null when there is none of that name.
Filter find_filter(std::string_view name);
Predicate find_predicate(std::string_view name);
Method find_method(const Value& value, std::string_view name);

// Whether Python has a method of that name which the sandbox refuses, such as list.append.
bool is_forbidden_method(const Value& value, std::string_view name);

// range, namespace, dict, joiner, cycler, raise_exception, strftime_now; undefined for other names.
Value find_global(std::string_view name);

}  // namespace estoc::jinja
