// The filters by name, one table a file; find_filter looks through them.
#pragma once

#include <string_view>
#include <unordered_map>

#include "jinja/builtins.h"

namespace estoc::jinja {

using FilterTable = std::unordered_map<std::string_view, Filter>;

const FilterTable& text_filters();       // strings to strings
const FilterTable& value_filters();      // numbers, JSON, defaults: one value to another
const FilterTable& item_filters();       // one sequence to an item or a rearranged sequence
const FilterTable& selection_filters();  // filters that apply an attribute, a test or another filter to every item

}  // namespace estoc::jinja
