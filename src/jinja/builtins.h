// The functions templates find ready: filters, `is` tests, methods of strings and containers, globals.
//
// All are pure apart from the evaluator they charge their work to. Errors: Failure.
#pragma once

#include <optional>
#include <string_view>

#include "jinja/object.h"
#include "jinja/value.h"

namespace estoc::jinja {

using Filter = Value (*)(Evaluator&, const Value&, Arguments&);
using Predicate = bool (*)(Evaluator&, const Value&, Arguments&);

// Null when there is none of that name.
Filter find_filter(std::string_view name);
// Why a filter of Jinja is none of ours; null for all others.
const char* why_refused(std::string_view filter);
Predicate find_predicate(std::string_view name);
Method find_method(const Value& value, std::string_view name);

// An attribute that is no method: 5 .real, range(3).stop, the grouper of a group. Nothing when there is none.
std::optional<Value> find_attribute(const Value& value, std::string_view name);

// Whether Python has a method of that name which the sandbox refuses, such as list.append.
bool is_forbidden_method(const Value& value, std::string_view name);

// dict.fromkeys: each of the keys with that one value.
Value dict_from_keys(Evaluator& evaluator, const Value& keys, const Value& value);

// range, namespace, dict, joiner, cycler, lipsum, raise_exception, strftime_now; undefined for other names.
Value find_global(std::string_view name);

// What `function.name` is, for a function among the globals: dict.fromkeys and nothing else.
std::optional<Value> find_function_attribute(std::string_view function, std::string_view name);

}  // namespace estoc::jinja
