// The tools that a caller offers, and what it says of calls. Plain data.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace estoc {

struct Tool {
  std::string name;
  Json parameters;  // a JSON Schema of an object; null when the tool takes none
};

using Tools = std::vector<Tool>;

// Null when there is none of that name.
const Tool* find_tool(const Tools& tools, std::string_view name);
// The schema that the tool has for an argument, or null.
const Json* argument_schema(const Tool* tool, std::string_view name);

// What a splitter is told of the request that it reads the answer of.
struct CallContext {
  std::shared_ptr<const Tools> tools = std::make_shared<const Tools>();
  std::string id_seed;  // what the ids of its calls are made of: differs from choice to choice
};

}  // namespace estoc
