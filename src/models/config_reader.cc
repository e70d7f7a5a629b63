#include "models/config_reader.h"

#include "base/error.h"

namespace estoc {

const Json* ConfigReader::present(std::string_view key) const {
  const Json* value = source_.config().find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

int ConfigReader::integer(std::string_view key, int low, int high, int fallback) const {
  const Json* value = present(key);
  if (value == nullptr) {
    if (fallback >= low) return fallback;
    fail(ErrorCode::corrupt_file, "{}: config value '{}' is missing", source_.path(), key);
  }
  if (!value->is_int() || value->as_double() < low || value->as_double() > high) {
    fail(ErrorCode::corrupt_file, "{}: config value '{}' is {}, expected an integer from {} to {}", source_.path(), key,
         to_json(*value), low, high);
  }
  return static_cast<int>(value->as_int());
}

double ConfigReader::number(std::string_view key, double fallback) const {
  const Json* value = present(key);
  if (value == nullptr) return fallback;
  if (!value->is_number()) {
    fail(ErrorCode::corrupt_file, "{}: config value '{}' is {}, expected a number", source_.path(), key,
         to_json(*value));
  }
  return value->as_double();
}

bool ConfigReader::boolean(std::string_view key, bool fallback) const {
  const Json* value = present(key);
  if (value == nullptr) return fallback;
  if (!value->is_bool()) {
    fail(ErrorCode::corrupt_file, "{}: config value '{}' is {}, expected a boolean", source_.path(), key,
         to_json(*value));
  }
  return value->as_bool();
}

std::string ConfigReader::text(std::string_view key, std::string_view fallback) const {
  const Json* value = present(key);
  if (value == nullptr) return std::string(fallback);
  if (!value->is_string()) {
    fail(ErrorCode::corrupt_file, "{}: config value '{}' is {}, expected a string", source_.path(), key,
         to_json(*value));
  }
  return value->as_string();
}

}  // namespace estoc
