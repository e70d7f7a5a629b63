// The drafts of JSON Schema that are read, and what they have in common that asserts nothing.
//
// Pure functions. Nothing throws.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/json.h"

namespace estoc::grammar {

enum class Dialect : uint8_t { draft7, draft2019, draft2020 };

// What the value of $schema names, if it is one of them.
std::optional<Dialect> dialect_named(const Json& schema);
bool is_annotation(std::string_view keyword);

}  // namespace estoc::grammar
