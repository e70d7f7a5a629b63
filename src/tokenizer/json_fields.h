// Reading the fields of a JSON object from a tokenizer file, with errors that say where: "<file>: decoder.strip: ...".
// A view: the JSON value must outlive it. A field that is null counts as absent.
// Throws Error{corrupt_file} when a field is missing or of another kind than asked for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace estoc {

class JsonFields {
 public:
  JsonFields(const Json& json, std::string where);

  const std::string& where() const { return where_; }
  const Json* find(std::string_view key) const;
  const std::string& string(std::string_view key) const;
  std::string string_or(std::string_view key, std::string_view otherwise) const;
  bool flag_or(std::string_view key, bool otherwise) const;
  int64_t integer(std::string_view key) const;
  int64_t integer_or(std::string_view key, int64_t otherwise) const;
  const Json::Array& array(std::string_view key) const;
  JsonFields object(std::string_view key) const;

 private:
  [[noreturn]] void wrong(std::string_view key, const Json* found, std::string_view expected) const;

  const Json* json_;
  std::string where_;
};

}  // namespace estoc
