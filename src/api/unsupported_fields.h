// Fields that OpenAI or other servers act on and we do not: refused by name instead of being silently ignored.
//
// Fields that appear nowhere in api/ are the other case: they are ignored and named in the debug log (Fields).
#pragma once

#include <span>
#include <vector>

#include "api/fields.h"
#include "base/json.h"

namespace estoc::api {

struct UnsupportedField {
  const char* name;
  Json::Array neutral;  // values that ask for nothing, besides null, false, "", [] and {}
};

// Throws Error{unsupported} naming the first field that asks for something.
void check_unsupported(Fields& fields, std::span<const UnsupportedField> unsupported);

// Those of both generating endpoints.
std::span<const UnsupportedField> shared_unsupported_fields();

}  // namespace estoc::api
