// tools, tool_choice, functions and function_call of a chat request: what of them can be answered.
//
// No tool is called yet, so a request that wants one, or leaves it to the model, is refused. One that forbids it
// ("tool_choice": "none") is answered as if it named no tools: the template is not shown them.
#pragma once

#include "api/fields.h"

namespace estoc::api {

// Throws Error{unsupported} with what is not supported yet, and Error{invalid_argument} for values that mean nothing.
void check_tool_fields(Fields& fields);

}  // namespace estoc::api
