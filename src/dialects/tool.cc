#include "dialects/tool.h"

#include <algorithm>

namespace estoc {

const Tool* find_tool(const Tools& tools, std::string_view name) {
  const auto found = std::ranges::find(tools, name, &Tool::name);
  return found == tools.end() ? nullptr : &*found;
}

const Json* argument_schema(const Tool* tool, std::string_view name) {
  const Json* properties = tool == nullptr ? nullptr : tool->parameters.find("properties");
  return properties == nullptr ? nullptr : properties->find(name);
}

}  // namespace estoc
