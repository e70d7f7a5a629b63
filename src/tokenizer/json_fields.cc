#include "tokenizer/json_fields.h"

#include "base/error.h"

namespace estoc {

JsonFields::JsonFields(const Json& json, std::string where) : json_(&json), where_(std::move(where)) {
  if (!json.is_object()) fail(ErrorCode::corrupt_file, "{}: expected an object, got {}", where_, json.type_name());
}

const Json* JsonFields::find(std::string_view key) const {
  const Json* found = json_->find(key);
  return found == nullptr || found->is_null() ? nullptr : found;
}

void JsonFields::wrong(std::string_view key, const Json* found, std::string_view expected) const {
  fail(ErrorCode::corrupt_file, "{}: {} is {}, expected {}", where_, key,
       found == nullptr ? "missing" : found->type_name(), expected);
}

const std::string& JsonFields::string(std::string_view key) const {
  const Json* found = find(key);
  if (found == nullptr || !found->is_string()) wrong(key, found, "a string");
  return found->as_string();
}

std::string JsonFields::string_or(std::string_view key, std::string_view otherwise) const {
  return find(key) == nullptr ? std::string(otherwise) : string(key);
}

bool JsonFields::flag_or(std::string_view key, bool otherwise) const {
  const Json* found = find(key);
  if (found == nullptr) return otherwise;
  if (!found->is_bool()) wrong(key, found, "true or false");
  return found->as_bool();
}

int64_t JsonFields::integer(std::string_view key) const {
  const Json* found = find(key);
  if (found == nullptr || !found->is_int()) wrong(key, found, "an integer");
  return found->as_int();
}

int64_t JsonFields::integer_or(std::string_view key, int64_t otherwise) const {
  return find(key) == nullptr ? otherwise : integer(key);
}

const Json::Array& JsonFields::array(std::string_view key) const {
  const Json* found = find(key);
  if (found == nullptr || !found->is_array()) wrong(key, found, "an array");
  return found->as_array();
}

JsonFields JsonFields::object(std::string_view key) const {
  const Json* found = find(key);
  if (found == nullptr || !found->is_object()) wrong(key, found, "an object");
  return JsonFields(*found, where_ + "." + std::string(key));
}

}  // namespace estoc
