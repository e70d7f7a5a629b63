#include "weights/metadata.h"

#include <limits>

#include "base/error.h"
#include "weights/byte_reader.h"

namespace estoc {
namespace {

constexpr const char* kKinds[] = {"a boolean",
                                  "an integer",
                                  "an unsigned integer",
                                  "a number",
                                  "a string",
                                  "an array of booleans",
                                  "an array of integers",
                                  "an array of integers",
                                  "an array of numbers",
                                  "an array of strings"};
static_assert(std::size(kKinds) == std::variant_size_v<Metadata::Value>);

[[noreturn]] void wrong_kind(const Metadata& metadata, std::string_view key, const Metadata::Value& found,
                             const char* expected) {
  fail(ErrorCode::corrupt_file, "{}: metadata key '{}' is {}, expected {}", metadata.source, shown(key),
       kKinds[found.index()], expected);
}

int64_t to_int64(const Metadata& metadata, std::string_view key, uint64_t value) {
  if (value > uint64_t{std::numeric_limits<int64_t>::max()}) {
    fail(ErrorCode::corrupt_file, "{}: metadata key '{}' is {}, expected at most {}", metadata.source, shown(key),
         value, std::numeric_limits<int64_t>::max());
  }
  return static_cast<int64_t>(value);
}

}  // namespace

const Metadata::Value* Metadata::find(std::string_view key) const {
  const auto it = values_.find(key);
  return it == values_.end() ? nullptr : &it->second;
}

std::optional<bool> Metadata::get_bool(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* found = std::get_if<bool>(value)) return *found;
  wrong_kind(*this, key, *value, "a boolean");
}

std::optional<int64_t> Metadata::get_int(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* found = std::get_if<int64_t>(value)) return *found;
  if (const auto* found = std::get_if<uint64_t>(value)) return to_int64(*this, key, *found);
  wrong_kind(*this, key, *value, "an integer");
}

std::optional<double> Metadata::get_double(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* found = std::get_if<double>(value)) return *found;
  if (const auto* found = std::get_if<int64_t>(value)) return static_cast<double>(*found);
  if (const auto* found = std::get_if<uint64_t>(value)) return static_cast<double>(*found);
  wrong_kind(*this, key, *value, "a number");
}

std::optional<std::string_view> Metadata::get_string(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* found = std::get_if<std::string_view>(value)) return *found;
  wrong_kind(*this, key, *value, "a string");
}

const std::vector<std::string_view>* Metadata::get_strings(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return nullptr;
  if (const auto* found = std::get_if<std::vector<std::string_view>>(value)) return found;
  wrong_kind(*this, key, *value, "an array of strings");
}

std::optional<std::vector<int64_t>> Metadata::get_ints(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* found = std::get_if<std::vector<int64_t>>(value)) return *found;
  if (const auto* found = std::get_if<std::vector<uint64_t>>(value)) {
    std::vector<int64_t> widened;
    widened.reserve(found->size());
    for (const uint64_t item : *found) widened.push_back(to_int64(*this, key, item));
    return widened;
  }
  wrong_kind(*this, key, *value, "an array of integers");
}

std::optional<std::vector<double>> Metadata::get_doubles(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* found = std::get_if<std::vector<double>>(value)) return *found;
  if (const auto* found = std::get_if<std::vector<int64_t>>(value))
    return std::vector<double>(found->begin(), found->end());
  if (const auto* found = std::get_if<std::vector<uint64_t>>(value)) {
    return std::vector<double>(found->begin(), found->end());
  }
  wrong_kind(*this, key, *value, "an array of numbers");
}

}  // namespace estoc
