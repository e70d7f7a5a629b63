// A JSON Schema document as it is written: every subschema with its keywords read, references resolved.
//
// What: drafts 7, 2019-09 and 2020-12, told by $schema (2020-12 without). A keyword of none of them, and one whose
// value is malformed, is refused with its JSON pointer; annotations (title, default, content*...) and x-... are not
// read. References stay within the document: by pointer, $id and anchor. $dynamicRef and $recursiveRef are read where
// only one schema can be meant. Ownership: the document owns its schemas and a copy of the JSON. Threads: constant once
// read. Errors: Error{invalid_argument, unsupported} with the pointer in message and param.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/json.h"
#include "grammar/schema_dialect.h"

namespace estoc::grammar {

// What JSON values are told apart by, here: the literals one by one.
enum class JsonType : uint8_t { null_, false_, true_, number, string, array, object };
inline constexpr int kJsonTypes = 7;
JsonType json_type(const Json& value);

struct Schema {
  enum class Kind : uint8_t { keywords, anything, nothing };
  using Named = std::vector<std::pair<std::string, const Schema*>>;

  Kind kind = Kind::keywords;
  uint32_t index = 0;  // of the document's schemas
  std::string path;    // JSON pointer, for messages

  std::optional<uint8_t> types;             // a bit a JsonType
  bool is_integer = false;                  // numbers have to be integers
  std::optional<std::vector<Json>> values;  // enum, const

  std::optional<std::string> minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;  // as numbers' texts
  std::optional<uint64_t> min_length, max_length;
  std::optional<std::string> pattern, format;

  Named properties, pattern_properties, dependent_schemas;
  const Schema *additional_properties = nullptr, *property_names = nullptr, *unevaluated_properties = nullptr;
  std::vector<std::string> required;
  std::vector<std::pair<std::string, std::vector<std::string>>> dependent_required;
  std::optional<uint64_t> min_properties, max_properties;

  std::vector<const Schema*> prefix_items;
  const Schema *items = nullptr, *contains = nullptr, *unevaluated_items = nullptr;
  std::optional<uint64_t> min_items, max_items, min_contains, max_contains;
  bool unique_items = false;

  std::vector<const Schema*> all_of, any_of, one_of;
  const Schema *negated = nullptr, *condition = nullptr, *then = nullptr, *otherwise = nullptr, *ref = nullptr;
};

class SchemaDocument {
 public:
  explicit SchemaDocument(Json document);
  SchemaDocument(const SchemaDocument&) = delete;
  SchemaDocument& operator=(const SchemaDocument&) = delete;

  const Schema& root() const { return *root_; }
  Dialect dialect() const { return dialect_; }
  const Schema& at(uint32_t index) const { return schemas_[index]; }

  // Schemas that are not written in it: nothing at all, one value, and others made of its own.
  const Schema& nothing() const { return *nothing_; }
  const Schema& anything() const { return *anything_; }
  Schema& add(std::string path);

 private:
  friend class SchemaReader;

  Json json_;
  Dialect dialect_ = Dialect::draft2020;
  std::deque<Schema> schemas_;
  const Schema *root_ = nullptr, *nothing_ = nullptr, *anything_ = nullptr;
};

}  // namespace estoc::grammar
