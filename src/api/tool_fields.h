// tools, tool_choice and parallel_tool_calls of a chat request; functions and function_call, which they replaced.
#pragma once

#include <memory>
#include <vector>

#include "api/fields.h"
#include "api/served_model.h"
#include "dialects/tool.h"

namespace estoc::api {

struct ToolRequest {
  Json shown;  // the tools as their caller wrote them, for the template; null when there are none or none may be called
  std::shared_ptr<const Tools> tools = std::make_shared<const Tools>();  // those that may be called
  std::vector<bool> are_strict;  // of each: its arguments have to keep to the schema whatever that takes
  bool needs_call = false;       // the answer is calls and nothing else
  bool may_be_parallel = true;

  bool may_call() const { return !tools->empty(); }
};

// With "tool_choice": "none" a request is answered as if it named no tools. Throws Error{invalid_argument} for values
// that mean nothing, and Error{unsupported} for tools that are not functions, for the older fields unless they forbid
// calls, and for a required call of a model whose calls are not read.
ToolRequest read_tool_fields(Fields& fields, const ServedModel& model);

}  // namespace estoc::api
