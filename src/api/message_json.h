// The parts of a chat's answer as members of a message or of a streamed delta.
#pragma once

#include <string>
#include <vector>

#include "dialects/part.h"

namespace estoc::api {

// Appends `"content":..` and, where there are such parts, reasoning under both names that servers have for it and
// tool_calls. A whole message always has content, null when there are only calls; a delta has it whenever it has
// nothing else.
void append_message_parts(std::string& out, const std::vector<Part>& parts, bool is_whole, bool has_reasoning);

}  // namespace estoc::api
