#include "hub/json_reply.h"

#include "base/error.h"
#include "base/json_scan.h"
#include "hub/hub_limits.h"

namespace estoc {

Json parse_reply(std::string_view text, const std::string& where) {
  if (find_json_excess(text, {.depth_max = static_cast<size_t>(limits::kListingDepthMax),
                              .values_max = limits::kListingValuesMax})) {
    fail(ErrorCode::corrupt_file, "{}: is too large a JSON text", where);
  }
  try {
    return parse_json(text, limits::kListingDepthMax);
  } catch (const Error& error) {
    fail(ErrorCode::corrupt_file, "{}: is not valid JSON: {}", where, error.what());
  }
}

const std::string* text_field_or_null(const Json& object, std::string_view name) {
  const Json* value = object.find(name);
  return value != nullptr && value->is_string() ? &value->as_string() : nullptr;
}

const std::string& text_field(const Json& object, std::string_view name, const std::string& where) {
  const std::string* value = text_field_or_null(object, name);
  if (value == nullptr) fail(ErrorCode::corrupt_file, "{}: has no text '{}'", where, name);
  return *value;
}

uint64_t size_field(const Json& object, std::string_view name, const std::string& where) {
  const Json* value = object.find(name);
  if (value != nullptr && value->is_int()) {
    try {
      if (const uint64_t size = value->as_uint(); size <= limits::kFileBytesMax) return size;
    } catch (const Error&) {  // negative
    }
  }
  fail(ErrorCode::corrupt_file, "{}: '{}' is no size in bytes", where, name);
}

}  // namespace estoc
