#include "api/serving_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "api/client_name.h"

namespace estoc::api {

std::string read_bounded_string(Fields& fields, const char* name, size_t bytes_max) {
  std::string text = fields.string(name).value_or("");
  if (text.size() > bytes_max) {
    fields.refuse(name, fmt::format("expected at most {} bytes, got {}", bytes_max, text.size()));
  }
  return text;
}

ServingFields read_serving_fields(Fields& fields, const Call& call) {
  ServingFields read;
  // More urgent than the server allows counts as what it allows: such requests come from clients made for servers that
  // trust them, and are answered all the same.
  const auto priority = fields.integer("priority", -limits::kPriorityMax, limits::kPriorityMax).value_or(0);
  read.priority = std::max(static_cast<int>(priority), call.priority_min);
  read.client = client_name(call.authorization, read_bounded_string(fields, "user", limits::kUserBytesMax));
  if (const auto seconds = fields.number("timeout", 0, limits::kTimeoutSecondsMax)) {
    if (*seconds <= 0) fields.refuse("timeout", "expected more than 0 seconds");
    // Less than a millisecond is a deadline too, and 0 would be none.
    read.timeout = std::chrono::milliseconds(std::max<int64_t>(1, std::llround(*seconds * 1000)));
  }
  return read;
}

}  // namespace estoc::api
