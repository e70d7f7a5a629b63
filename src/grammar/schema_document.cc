#include "grammar/schema_document.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/utf8.h"
#include "grammar/limits.h"
#include "grammar/uri.h"

namespace estoc::grammar {
namespace {

constexpr std::string_view kAnnotations[] = {
    "$comment",   "$schema",     "$vocabulary", "contentEncoding", "contentMediaType", "contentSchema", "default",
    "deprecated", "description", "example",     "examples",        "readOnly",         "title",         "writeOnly"};

std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

[[noreturn]] void refuse(ErrorCode code, const std::string& path, const std::string& what) {
  throw Error(code, fmt::format("schema at {}: {}", path.empty() ? "the root" : path, what), path);
}

}  // namespace

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
    const Schema* root = read(document_.json_, "", "", 0);
    // References may lead to places that no keyword led to.
    for (size_t i = 0; i < references_.size(); ++i) {
      const Reference reference = references_[i];
      *reference.target = resolve(reference);
    }
    return root;
  }

 private:
  struct Reference {
    std::string path, base, text;
    const Schema** target;
    bool is_dynamic;
  };
  struct Resource {
    const Json* json;
    std::string path;
  };

  void read_dialect() {
    const Json* named = document_.json_.find("$schema");
    if (!named) return;
    if (!named->is_string()) refuse(ErrorCode::invalid_argument, "/$schema", "a string was expected");
    std::string name = named->as_string();
    while (name.ends_with("#")) name.pop_back();
    if (name == "https://json-schema.org/draft/2020-12/schema") {
      document_.dialect_ = Dialect::draft2020;
    } else if (name == "https://json-schema.org/draft/2019-09/schema") {
      document_.dialect_ = Dialect::draft2019;
    } else if (name == "http://json-schema.org/draft-07/schema" || name == "https://json-schema.org/draft-07/schema") {
      document_.dialect_ = Dialect::draft7;
    } else {
      refuse(ErrorCode::unsupported, "/$schema", "drafts 7, 2019-09 and 2020-12 are supported, not '" + name + "'");
    }
  }

  const Schema* read(const Json& json, const std::string& path, std::string base, int depth) {
    if (depth > limits::kDepthMax) refuse(ErrorCode::invalid_argument, path, "schemas are nested too deep");
    const auto known = known_.find(&json);
    if (known != known_.end()) return known->second;
    Schema& out = document_.add(path);
    known_[&json] = &out;
    if (json.is_bool()) {
      out.kind = json.as_bool() ? Schema::Kind::anything : Schema::Kind::nothing;
      return &out;
    }
    if (!json.is_object()) refuse(ErrorCode::invalid_argument, path, "a schema is an object or a boolean");
    read_identity(json, path, base);
    bases_[&json] = base;
    const Json* dialect = json.find("$schema");
    const Json* ours = document_.json_.find("$schema");
    if (dialect && (!ours || !(*dialect == *ours))) {
      refuse(ErrorCode::unsupported, path + "/$schema", "a schema of another draft within a schema");
    }
    const Json* ref = json.find("$ref");
    const bool is_ref_alone = ref && document_.dialect_ == Dialect::draft7;
    for (const auto& [key, value] : json.as_object()) {
      const Place at{key, value, path + "/" + escaped(key), base, depth};
      // In draft 7 nothing counts beside $ref but where other references may lead.
      if (!is_ref_alone || key == "$ref" || key == "definitions") read_keyword(out, at);
    }
    if (!is_ref_alone) finish_items(out, json, path, base, depth);
    return &out;
  }

  void read_identity(const Json& json, const std::string& path, std::string& base) {
    const bool is_draft7 = document_.dialect_ == Dialect::draft7;
    const Json* id = json.find("$id");
    if (id && id->is_string() && !(is_draft7 && json.find("$ref"))) {
      const std::string& text = id->as_string();
      if (is_draft7 && text.starts_with("#")) {
        anchors_[base + text] = {&json, path};
      } else {
        const auto [uri, fragment] = split_fragment(resolve_uri(base, text));
        base = uri;
        if (is_draft7 && !fragment.empty()) anchors_[base + "#" + fragment] = {&json, path};
        resources_[base] = {&json, path};
      }
    } else if (path.empty()) {
      resources_[base] = {&json, path};
    }
    for (const char* key : {"$anchor", "$dynamicAnchor"}) {
      const Json* anchor = is_draft7 ? nullptr : json.find(key);
      if (!anchor || !anchor->is_string()) continue;
      anchors_[base + "#" + anchor->as_string()] = {&json, path};
      if (key[1] == 'd') dynamic_anchors_[anchor->as_string()].insert(&json);
    }
    const Json* recursive = json.find("$recursiveAnchor");
    if (recursive && recursive->is_bool() && recursive->as_bool()) dynamic_anchors_[""].insert(&json);
  }

  struct Place {
    const std::string& key;
    const Json& value;
    std::string path;
    const std::string& base;
    int depth;
  };

  [[noreturn]] static void malformed(const Place& at, const char* expected) {
    refuse(ErrorCode::invalid_argument, at.path, std::string(expected) + " was expected");
  }
  const Schema* schema(const Place& at) { return read(at.value, at.path, at.base, at.depth + 1); }
  std::vector<const Schema*> list(const Place& at) {
    if (!at.value.is_array()) malformed(at, "a list of schemas");
    std::vector<const Schema*> out;
    for (size_t i = 0; i < at.value.as_array().size(); ++i) {
      out.push_back(read(at.value.as_array()[i], at.path + "/" + std::to_string(i), at.base, at.depth + 1));
    }
    return out;
  }
  Schema::Named named(const Place& at) {
    if (!at.value.is_object()) malformed(at, "an object of schemas");
    Schema::Named out;
    for (const auto& [name, value] : at.value.as_object()) {
      // The last of equal names counts, as everywhere.
      std::erase_if(out, [&](const auto& one) { return one.first == name; });
      out.emplace_back(name, read(value, at.path + "/" + escaped(name), at.base, at.depth + 1));
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
      references_.push_back({at.path, at.base, text(at), &both.ref, is_dynamic});
      out.all_of.push_back(&both);
      return;
    }
    out.ref = document_.anything_;  // until it is resolved
    references_.push_back({at.path, at.base, text(at), &out.ref, is_dynamic});
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
    if (key.starts_with("x-")) return;
    if (std::find(std::begin(kAnnotations), std::end(kAnnotations), key) != std::end(kAnnotations)) return;
    refuse(ErrorCode::unsupported, at.path, "'" + key + "' is no keyword of JSON Schema that is supported");
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
          out.dependent_schemas.emplace_back(name, read(value, at.path + "/" + escaped(name), at.base, at.depth + 1));
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
  void finish_items(Schema& out, const Json& json, const std::string& path, const std::string& base, int depth) {
    if (document_.dialect_ == Dialect::draft2020) return;
    const Json *items = json.find("items"), *more = json.find("additionalItems");
    if (items && items->is_array() && more) out.items = read(*more, path + "/additionalItems", base, depth + 1);
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

  const Schema* resolve(const Reference& reference) {
    const auto [uri, fragment] = split_fragment(resolve_uri(reference.base, reference.text));
    if (reference.is_dynamic) {
      const auto dynamic = dynamic_anchors_.find(fragment);
      const bool is_pointer = !fragment.empty() && fragment[0] == '/';
      if (!is_pointer && dynamic != dynamic_anchors_.end() && dynamic->second.size() > 1) {
        refuse(ErrorCode::unsupported, reference.path, "a dynamic reference that several schemas may answer");
      }
    }
    const auto anchor = fragment.empty() ? anchors_.end() : anchors_.find(uri + "#" + fragment);
    if (anchor != anchors_.end()) return known_.at(anchor->second.json);
    const auto resource = resources_.find(uri);
    if (resource == resources_.end()) {
      refuse(ErrorCode::unsupported, reference.path,
             "'" + reference.text + "' refers to another document, and only this one is read");
    }
    const Json* at = resource->second.json;
    std::string path = resource->second.path, base = uri;
    if (!fragment.empty() && fragment[0] != '/') {
      refuse(ErrorCode::invalid_argument, reference.path, "there is no anchor '" + fragment + "'");
    }
    for (size_t from = 1; from <= fragment.size();) {
      const size_t end = std::min(fragment.find('/', from), fragment.size());
      std::string step = fragment.substr(from, end - from);
      for (const auto& [code, c] : {std::pair("~1", "/"), std::pair("~0", "~")}) {
        for (size_t found = 0; (found = step.find(code, found)) != std::string::npos; ++found)
          step.replace(found, 2, c);
      }
      at = child(*at, step);
      if (!at) refuse(ErrorCode::invalid_argument, reference.path, "'" + reference.text + "' refers to nothing");
      path += "/" + escaped(step);
      const auto known_base = bases_.find(at);
      if (known_base != bases_.end()) base = known_base->second;
      from = end + 1;
    }
    return read(*at, path, base, 0);
  }

  static const Json* child(const Json& json, const std::string& step) {
    if (json.is_object()) return json.find(step);
    if (!json.is_array() || step.empty() || step.size() > 6) return nullptr;
    size_t index = 0;
    for (const char c : step) {
      if (c < '0' || c > '9') return nullptr;
      index = index * 10 + static_cast<size_t>(c - '0');
    }
    return index < json.as_array().size() ? &json.as_array()[index] : nullptr;
  }

  SchemaDocument& document_;
  std::unordered_map<const Json*, const Schema*> known_;
  std::unordered_map<const Json*, std::string> bases_;
  std::map<std::string, Resource> resources_, anchors_;
  std::map<std::string, std::set<const Json*>> dynamic_anchors_;
  std::vector<Reference> references_;
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
