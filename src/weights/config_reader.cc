#include "weights/config_reader.h"

#include <fmt/format.h>

#include "base/error.h"
#include "weights/gguf_config.h"
#include "weights/gguf_keys.h"

namespace estoc {

ConfigReader::ConfigReader(const WeightSource& source) : config_(&source.config()), file_(source.path()) {
  if (source.metadata() != nullptr) {
    gguf_architecture_ = gguf_architecture(*source.metadata());
  } else {
    file_ += file_.ends_with('/') ? "config.json" : "/config.json";
  }
}

ConfigReader ConfigReader::with(std::span<const ConfigAlias> aliases) const {
  ConfigReader other = *this;
  other.aliases_ = aliases;
  return other;
}

ConfigReader ConfigReader::of(const Json& config) const {
  ConfigReader other = *this;
  other.config_ = &config;
  return other;
}

std::string_view ConfigReader::name_of(std::string_view key) const {
  for (const ConfigAlias& alias : aliases_) {
    if (alias.usual != key) continue;
    const Json* value = config_->find(alias.own);
    if (value != nullptr && !value->is_null()) return alias.own;
  }
  return key;
}

const Json* ConfigReader::find(std::string_view key) const {
  const Json* value = config_->find(name_of(key));
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::string ConfigReader::spelling(std::string_view key) const {
  const std::string path = parent_ + std::string(name_of(key));
  if (gguf_architecture_.empty()) return path;
  const std::string gguf = gguf_spelling(gguf_architecture_, path);
  return gguf.empty() ? path : gguf;
}

void ConfigReader::wrong(std::string_view key, std::string_view expected) const {
  const Json* value = find(key);
  fail(ErrorCode::corrupt_file, "{}: {} is {}, expected {}", file_, spelling(key),
       value == nullptr ? "missing" : to_json(*value).substr(0, 100), expected);
}

int ConfigReader::integer(std::string_view key, int low, int high) const {
  const Json* value = find(key);
  if (value == nullptr || !value->is_int() || value->as_double() < low || value->as_double() > high) {
    wrong(key, fmt::format("an integer from {} to {}", low, high));
  }
  return static_cast<int>(value->as_int());
}

int ConfigReader::integer(std::string_view key, int low, int high, int fallback) const {
  if (find(key) != nullptr) return integer(key, low, high);
  if (fallback >= low && fallback <= high) return fallback;
  fail(ErrorCode::corrupt_file, "{}: {} is missing and would be {} by the other values, expected {} to {}", file_,
       spelling(key), fallback, low, high);
}

double ConfigReader::number(std::string_view key, double low, double high) const {
  const Json* value = find(key);
  if (value == nullptr || !value->is_number() || !(value->as_double() >= low && value->as_double() <= high)) {
    wrong(key, fmt::format("a number from {} to {}", low, high));
  }
  return value->as_double();
}

double ConfigReader::number(std::string_view key, double low, double high, double fallback) const {
  return find(key) == nullptr ? fallback : number(key, low, high);
}

bool ConfigReader::boolean(std::string_view key, bool fallback) const {
  const Json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_bool()) wrong(key, "true or false");
  return value->as_bool();
}

std::string ConfigReader::text(std::string_view key, std::string_view fallback) const {
  const Json* value = find(key);
  if (value == nullptr) return std::string(fallback);
  if (!value->is_string()) wrong(key, "a string");
  return value->as_string();
}

ConfigReader ConfigReader::object(std::string_view key) const {
  static const Json kEmpty{Json::Object()};
  const Json* value = find(key);
  if (value != nullptr && !value->is_object()) wrong(key, "an object");
  ConfigReader inner = *this;
  inner.config_ = value == nullptr ? &kEmpty : value;
  inner.parent_ = parent_ + std::string(key) + ".";
  return inner;
}

}  // namespace estoc
