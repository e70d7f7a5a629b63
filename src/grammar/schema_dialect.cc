#include "grammar/schema_dialect.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace estoc::grammar {
namespace {

constexpr std::string_view kAnnotations[] = {
    "$comment",   "$schema",     "$vocabulary", "contentEncoding", "contentMediaType", "contentSchema", "default",
    "deprecated", "description", "example",     "examples",        "readOnly",         "title",         "writeOnly"};

}  // namespace

std::optional<Dialect> dialect_named(const Json& schema) {
  std::string name = schema.is_string() ? schema.as_string() : "";
  while (name.ends_with("#")) name.pop_back();
  if (name == "https://json-schema.org/draft/2020-12/schema") return Dialect::draft2020;
  if (name == "https://json-schema.org/draft/2019-09/schema") return Dialect::draft2019;
  if (name == "http://json-schema.org/draft-07/schema" || name == "https://json-schema.org/draft-07/schema") {
    return Dialect::draft7;
  }
  return std::nullopt;
}

bool is_annotation(std::string_view keyword) {
  return std::find(std::begin(kAnnotations), std::end(kAnnotations), keyword) != std::end(kAnnotations);
}

}  // namespace estoc::grammar
