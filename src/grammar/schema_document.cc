#include "grammar/schema_document.h"

#include <algorithm>

#include "base/error.h"
#include "grammar/limits.h"
#include "grammar/metaschemas.h"
#include "grammar/schema_references.h"

namespace estoc::grammar {

JsonType json_type(const Json& value) {
  if (value.is_null()) return JsonType::null_;
  if (value.is_bool()) return value.as_bool() ? JsonType::true_ : JsonType::false_;
  if (value.is_number()) return JsonType::number;
  if (value.is_string()) return JsonType::string;
  return value.is_array() ? JsonType::array : JsonType::object;
}

class SchemaReader {
 public:
  explicit SchemaReader(SchemaDocument& document) : document_(document) {}

  const Schema* read_root() {
    read_dialect();
    const Schema* root = read_all();
    if (!references_.tell_scopes_apart()) return root;
    known_.clear();
    return read_all();
  }

 private:
  struct Open {
    const Schema** target;
    SchemaReferences::Reference reference;
    SchemaReferences::Scope scope;
  };
  struct KnownHash {
    size_t operator()(const std::pair<const Json*, SchemaReferences::Scope>& key) const {
      return std::hash<const Json*>()(key.first) ^ key.second * 0x9E3779B97F4A7C15ull;
    }
  };

  const Schema* read_all() {
    open_.clear();
    const Schema* root = read(document_.json_, "", "", 0, references_.enter(0, ""));
    // References may lead to places that no keyword led to.
    for (size_t i = 0; i < open_.size(); ++i) {
      const auto [target, reference, scope] = open_[i];
      const std::string document = SchemaReferences::document_of(reference);
      const Json* metaschema = references_.has(document) ? nullptr : find_metaschema(document);
      if (metaschema) read(*metaschema, document, document, 0, scope);  // so that its anchors are known
      const SchemaReferences::Target found = references_.resolve(reference, scope);
      *target = read(*found.json, found.path, found.base, 0, references_.enter(scope, found.base));
    }
    return root;
  }

  void read_dialect() {
    const Json* named = document_.json_.find("$schema");
    if (!named) return;
    if (!named->is_string()) refuse_schema(ErrorCode::invalid_argument, "/$schema", "a string was expected");
    const std::optional<Dialect> dialect = dialect_named(*named);
    if (!dialect) {
      refuse_schema(ErrorCode::unsupported, "/$schema",
                    "drafts 7, 2019-09 and 2020-12 are supported, not '" + named->as_string() + "'");
    }
    document_.dialect_ = *dialect;
  }

  const Schema* read(const Json& json, const std::string& path, std::string base, int depth,
                     SchemaReferences::Scope scope) {
    if (depth > limits::kDepthMax) refuse_schema(ErrorCode::invalid_argument, path, "schemas are nested too deep");
    const auto known = known_.find({&json, scope});
    if (known != known_.end()) return known->second;
    Schema& out = document_.add(path);
    known_[{&json, scope}] = &out;
    if (json.is_bool()) {
      out.kind = json.as_bool() ? Schema::Kind::anything : Schema::Kind::nothing;
      return &out;
    }
    if (!json.is_object()) refuse_schema(ErrorCode::invalid_argument, path, "a schema is an object or a boolean");
    references_.add(json, path, document_.dialect_ == Dialect::draft7, base);
    scope = references_.enter(scope, base);
    const Json* dialect = json.find("$schema");
    if (dialect && dialect_named(*dialect) != document_.dialect_) {
      refuse_schema(ErrorCode::unsupported, path + "/$schema", "a schema of another draft within a schema");
    }
    const Json* ref = json.find("$ref");
    const bool is_ref_alone = ref && document_.dialect_ == Dialect::draft7;
    for (const auto& [key, value] : json.as_object()) {
      const Place at{key, value, path + "/" + escaped_step(key), base, depth, scope};
      // In draft 7 nothing counts beside $ref but where other references may lead.
      if (!is_ref_alone || key == "$ref" || key == "definitions") read_keyword(out, at);
    }
    const std::string more = "additionalItems";
    if (!is_ref_alone) finish_items(out, {more, json, path + "/" + more, base, depth, scope});
    return &out;
  }

  struct Place {
    const std::string& key;
    const Json& value;
    std::string path;
    const std::string& base;
    int depth;
    SchemaReferences::Scope scope;
  };

  [[noreturn]] static void malformed(const Place& at, const char* expected) {
    refuse_schema(ErrorCode::invalid_argument, at.path, std::string(expected) + " was expected");
  }
  const Schema* schema(const Place& at) { return read(at.value, at.path, at.base, at.depth + 1, at.scope); }
  std::vector<const Schema*> list(const Place& at) {
    if (!at.value.is_array()) malformed(at, "a list of schemas");
    std::vector<const Schema*> out;
    for (size_t i = 0; i < at.value.as_array().size(); ++i) {
      out.push_back(read(at.value.as_array()[i], at.path + "/" + std::to_string(i), at.base, at.depth + 1, at.scope));
    }
    return out;
  }
  Schema::Named named(const Place& at) {
    if (!at.value.is_object()) malformed(at, "an object of schemas");
    Schema::Named out;
    for (const auto& [name, value] : at.value.as_object()) {
      // The last of equal names counts, as everywhere.
      std::erase_if(out, [&](const auto& one) { return one.first == name; });
      out.emplace_back(name, read(value, at.path + "/" + escaped_step(name), at.base, at.depth + 1, at.scope));
    }
    return out;
  }
  static std::optional<uint64_t> count(const Place& at) {
    if (at.value.is_number()) {
      const double number = at.value.as_double();
      if (number >= 0 && number <= 9e15 && number == static_cast<double>(static_cast<uint64_t>(number))) {
        return static_cast<uint64_t>(number);
      }
    }
    malformed(at, "a whole number that is not negative");
  }
  static std::string number(const Place& at) {
    if (!at.value.is_number()) malformed(at, "a number");
    return to_json(at.value);
  }
  static std::string text(const Place& at) {
    if (!at.value.is_string()) malformed(at, "a string");
    return at.value.as_string();
  }
  static std::vector<std::string> names(const Json& value, const Place& at) {
    if (!value.is_array()) malformed(at, "a list of names");
    std::vector<std::string> out;
    for (const Json& name : value.as_array()) {
      if (!name.is_string()) malformed(at, "a list of names");
      if (std::find(out.begin(), out.end(), name.as_string()) == out.end()) out.push_back(name.as_string());
    }
    return out;
  }

  void add_values(Schema& out, const std::vector<Json>& values) {
    if (!out.values) {
      out.values = values;
      return;
    }
    // const beside enum: a value in both.
    std::vector<Json> both;
    for (const Json& one : *out.values) {
      if (std::find(values.begin(), values.end(), one) != values.end()) both.push_back(one);
    }
    out.values = both;
  }

  static void add_type(Schema& out, const Json& name, const Place& at) {
    if (!name.is_string()) malformed(at, "a type's name or a list of them");
    const auto bit = [](JsonType type) { return static_cast<uint8_t>(1u << static_cast<int>(type)); };
    const std::string& text = name.as_string();
    uint8_t bits = 0;
    if (text == "null") bits = bit(JsonType::null_);
    if (text == "boolean") bits = bit(JsonType::true_) | bit(JsonType::false_);
    if (text == "number" || text == "integer") bits = bit(JsonType::number);
    if (text == "string") bits = bit(JsonType::string);
    if (text == "array") bits = bit(JsonType::array);
    if (text == "object") bits = bit(JsonType::object);
    if (bits == 0) malformed(at, "one of null, boolean, number, integer, string, array and object");
    if (text == "integer") {
      out.is_integer = out.is_integer || !(out.types.value_or(0) & bit(JsonType::number));
    } else if (text == "number") {
      out.is_integer = false;
    }
    out.types = static_cast<uint8_t>(out.types.value_or(0) | bits);
  }

  void read_type(Schema& out, const Place& at) {
    if (!at.value.is_array()) return add_type(out, at.value, at);
    out.types = 0;
    for (const Json& name : at.value.as_array()) add_type(out, name, at);
    if (*out.types == 0) malformed(at, "a type's name or a list of them");
  }

  void refer(Schema& out, const Place& at, bool is_dynamic) {
    if (out.ref) {  // $ref beside $dynamicRef: both hold
      Schema& both = document_.add(at.path);
      open_.push_back({&both.ref, {at.path, at.base, text(at), is_dynamic}, at.scope});
      out.all_of.push_back(&both);
      return;
    }
    out.ref = document_.anything_;  // until it is resolved
    open_.push_back({&out.ref, {at.path, at.base, text(at), is_dynamic}, at.scope});
  }

  void read_keyword(Schema& out, const Place& at) {
    const std::string& key = at.key;
    if (read_values(out, at) || read_object(out, at) || read_array(out, at) || read_applicator(out, at)) return;
    if (key == "$id" || key == "$anchor" || key == "$dynamicAnchor" || key == "$recursiveAnchor") {
      if (key == "$id" ? !at.value.is_string() : key != "$recursiveAnchor" && !at.value.is_string()) {
        malformed(at, "a string");
      }
      return;
    }
    if (key.starts_with("x-") || is_annotation(key)) return;
    refuse_schema(ErrorCode::unsupported, at.path, "'" + key + "' is no keyword of JSON Schema that is supported");
  }

  bool read_values(Schema& out, const Place& at) {
    const std::string& key = at.key;
    if (key == "type") {
      read_type(out, at);
    } else if (key == "enum") {
      if (!at.value.is_array()) malformed(at, "a list of values");
      add_values(out, at.value.as_array());
    } else if (key == "const") {
      add_values(out, {at.value});
    } else if (key == "minimum") {
      out.minimum = number(at);
    } else if (key == "maximum") {
      out.maximum = number(at);
    } else if (key == "exclusiveMinimum") {
      out.exclusive_minimum = number(at);
    } else if (key == "exclusiveMaximum") {
      out.exclusive_maximum = number(at);
    } else if (key == "multipleOf") {
      out.multiple_of = number(at);
      if (at.value.as_double() <= 0) malformed(at, "a number above zero");
    } else if (key == "minLength") {
      out.min_length = count(at);
    } else if (key == "maxLength") {
      out.max_length = count(at);
    } else if (key == "pattern") {
      out.pattern = text(at);
    } else if (key == "format") {
      out.format = text(at);
    } else {
      return false;
    }
    return true;
  }

  bool read_object(Schema& out, const Place& at) {
    const std::string& key = at.key;
    if (key == "properties") {
      out.properties = named(at);
    } else if (key == "patternProperties") {
      out.pattern_properties = named(at);
    } else if (key == "additionalProperties") {
      out.additional_properties = schema(at);
    } else if (key == "propertyNames") {
      out.property_names = schema(at);
    } else if (key == "unevaluatedProperties" && document_.dialect_ != Dialect::draft7) {
      out.unevaluated_properties = schema(at);
    } else if (key == "required") {
      out.required = names(at.value, at);
    } else if (key == "minProperties") {
      out.min_properties = count(at);
    } else if (key == "maxProperties") {
      out.max_properties = count(at);
    } else if (key == "dependentSchemas" && document_.dialect_ != Dialect::draft7) {
      const auto more = named(at);
      out.dependent_schemas.insert(out.dependent_schemas.end(), more.begin(), more.end());
    } else if (key == "dependentRequired" && document_.dialect_ != Dialect::draft7) {
      if (!at.value.is_object()) malformed(at, "an object of lists of names");
      for (const auto& [name, value] : at.value.as_object())
        out.dependent_required.emplace_back(name, names(value, at));
    } else if (key == "dependencies") {
      if (!at.value.is_object()) malformed(at, "an object of schemas and lists of names");
      for (const auto& [name, value] : at.value.as_object()) {
        if (value.is_array()) {
          out.dependent_required.emplace_back(name, names(value, at));
        } else {
          out.dependent_schemas.emplace_back(
              name, read(value, at.path + "/" + escaped_step(name), at.base, at.depth + 1, at.scope));
        }
      }
    } else {
      return false;
    }
    return true;
  }

  bool read_array(Schema& out, const Place& at) {
    const std::string& key = at.key;
    const bool is_2020 = document_.dialect_ == Dialect::draft2020;
    if (key == "prefixItems" && is_2020) {
      out.prefix_items = list(at);
    } else if (key == "items") {
      if (!at.value.is_array()) {
        out.items = schema(at);
      } else if (!is_2020) {
        out.prefix_items = list(at);
      } else {
        malformed(at, "a schema (a list of them is called prefixItems)");
      }
    } else if (key == "additionalItems" && !is_2020) {
      schema(at);  // finish_items looks for it
    } else if (key == "unevaluatedItems" && document_.dialect_ != Dialect::draft7) {
      out.unevaluated_items = schema(at);
    } else if (key == "contains") {
      out.contains = schema(at);
    } else if (key == "minContains" && document_.dialect_ != Dialect::draft7) {
      out.min_contains = count(at);
    } else if (key == "maxContains" && document_.dialect_ != Dialect::draft7) {
      out.max_contains = count(at);
    } else if (key == "minItems") {
      out.min_items = count(at);
    } else if (key == "maxItems") {
      out.max_items = count(at);
    } else if (key == "uniqueItems") {
      if (!at.value.is_bool()) malformed(at, "a boolean");
      out.unique_items = at.value.as_bool();
    } else {
      return false;
    }
    return true;
  }

  // additionalItems counts only beside a list of items.
  void finish_items(Schema& out, const Place& at) {
    if (document_.dialect_ == Dialect::draft2020) return;
    const Json *items = at.value.find("items"), *more = at.value.find(at.key);
    if (items && items->is_array() && more) out.items = read(*more, at.path, at.base, at.depth + 1, at.scope);
  }

  bool read_applicator(Schema& out, const Place& at) {
    const std::string& key = at.key;
    if (key == "allOf") {
      const auto more = list(at);
      out.all_of.insert(out.all_of.end(), more.begin(), more.end());
    } else if (key == "anyOf") {
      out.any_of = list(at);
      if (out.any_of.empty()) malformed(at, "a list of at least one schema");
    } else if (key == "oneOf") {
      out.one_of = list(at);
      if (out.one_of.empty()) malformed(at, "a list of at least one schema");
    } else if (key == "not") {
      out.negated = schema(at);
    } else if (key == "if") {
      out.condition = schema(at);
    } else if (key == "then") {
      out.then = schema(at);
    } else if (key == "else") {
      out.otherwise = schema(at);
    } else if (key == "$ref") {
      refer(out, at, false);
    } else if (key == "$dynamicRef" && document_.dialect_ == Dialect::draft2020) {
      refer(out, at, true);
    } else if (key == "$recursiveRef" && document_.dialect_ == Dialect::draft2019) {
      refer(out, at, true);
    } else if (key == "$defs" || key == "definitions") {
      named(at);
    } else {
      return false;
    }
    return true;
  }

  SchemaDocument& document_;
  std::unordered_map<std::pair<const Json*, SchemaReferences::Scope>, const Schema*, KnownHash> known_;
  SchemaReferences references_;
  std::vector<Open> open_;  // references that are to be resolved
};

SchemaDocument::SchemaDocument(Json document) : json_(std::move(document)) {
  Schema& nothing = add("");
  nothing.kind = Schema::Kind::nothing;
  nothing_ = &nothing;
  Schema& anything = add("");
  anything.kind = Schema::Kind::anything;
  anything_ = &anything;
  root_ = SchemaReader(*this).read_root();
}

Schema& SchemaDocument::add(std::string path) {
  if (schemas_.size() >= limits::kSchemasMax) {
    fail(ErrorCode::invalid_argument, "the schema has more than {} parts", limits::kSchemasMax);
  }
  Schema& out = schemas_.emplace_back();
  out.index = static_cast<uint32_t>(schemas_.size() - 1);
  out.path = std::move(path);
  return out;
}

}  // namespace estoc::grammar
