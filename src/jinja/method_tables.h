// The methods of each type by name; find_method chooses the table.
#pragma once

#include <string_view>
#include <unordered_map>

#include "jinja/builtins.h"

namespace estoc::jinja {

using MethodTable = std::unordered_map<std::string_view, Method>;

const MethodTable& string_methods();
const MethodTable& string_kind_methods();
const MethodTable& string_translation_methods();
const MethodTable& markup_methods();
const MethodTable& integer_methods();
const MethodTable& float_methods();

}  // namespace estoc::jinja
