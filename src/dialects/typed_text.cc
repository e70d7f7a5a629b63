#include "dialects/typed_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "dialects/literal_text.h"

namespace estoc {
namespace {

constexpr int kReferencesMax = 16;  // of one schema to another
constexpr int kDepthMax = 64;       // of a value that is text

struct Types {
  bool has_string = false, has_null = false, has_bool = false, has_number = false, has_array = false,
       has_object = false;
  void add(std::string_view name) {
    has_string |= name == "string";
    has_null |= name == "null";
    has_bool |= name == "boolean";
    has_number |= name == "number" || name == "integer";
    has_array |= name == "array";
    has_object |= name == "object";
  }
  void add_all() { has_string = has_null = has_bool = has_number = has_array = has_object = true; }
  bool has_only_strings() const {
    return has_string && !has_null && !has_bool && !has_number && !has_array && !has_object;
  }
  bool has_type_of(const Json& value) const {
    if (value.is_null()) return has_null;
    if (value.is_bool()) return has_bool;
    if (value.is_number()) return has_number;
    if (value.is_array()) return has_array;
    return value.is_object() && has_object;
  }
};

void add_types(const Json* schema, const Json& root, int references, Types& types) {
  if (schema == nullptr || !schema->is_object() || references > kReferencesMax) return types.add_all();
  const auto member = [&](const char* name) { return schema->find(name); };
  if (const Json* type = member("type")) {
    if (type->is_string()) return types.add(type->as_string());
    if (type->is_array()) {
      for (const Json& one : type->as_array()) types.add(one.is_string() ? one.as_string() : std::string());
      return;
    }
  }
  if (const Json* reference = member("$ref")) {
    return add_types(reference->is_string() ? referred_schema(reference->as_string(), root) : nullptr, root,
                     references + 1, types);
  }
  if (const Json* constant = member("const")) return types.add(constant->type_name());
  if (const Json* values = member("enum"); values != nullptr && values->is_array()) {
    for (const Json& value : values->as_array()) types.add(value.type_name());
    return;
  }
  for (const char* name : {"anyOf", "oneOf"}) {
    const Json* branches = member(name);
    if (branches == nullptr || !branches->is_array()) continue;
    for (const Json& branch : branches->as_array()) add_types(&branch, root, references + 1, types);
    return;
  }
  types.add_all();
}

Types types_of(const Json* schema, const Json& root) {
  Types types;
  add_types(schema, root, 0, types);
  return types;
}

}  // namespace

const Json* referred_schema(std::string_view reference, const Json& root) {
  if (!reference.starts_with("#/")) return nullptr;
  const Json* at = &root;
  for (reference.remove_prefix(1); at != nullptr && !reference.empty();) {
    reference.remove_prefix(1);
    const size_t end = std::min(reference.find('/'), reference.size());
    at = at->find(reference.substr(0, end));
    reference.remove_prefix(end);
  }
  return at;
}

bool admits_strings_only(const Json* schema, const Json& root) { return types_of(schema, root).has_only_strings(); }

bool admits_strings(const Json* schema, const Json& root) { return types_of(schema, root).has_string; }

std::string typed_value(std::string_view text, const Json* schema, const Json& root) {
  const Types types = types_of(schema, root);
  const auto quoted = [&] {
    std::string out;
    append_json_string(out, text);
    return out;
  };
  if (types.has_only_strings()) return quoted();
  // As JSON spells it, or else as Python does; text that neither does is a string.
  for (const bool is_python : {false, true}) {
    const auto spelt = is_python ? literal_json(text, {}) : std::string(text);
    if (!spelt) break;
    try {
      const Json value = parse_json(*spelt, kDepthMax);
      if (types.has_type_of(value)) return to_json(value);
    } catch (const Error&) {
    }
  }
  return quoted();
}

std::string within_json_string(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace estoc
