// Is a value that stands in the schema (enum, const) valid against another part of it?
#include <algorithm>

#include "base/utf8.h"
#include "grammar/json_key.h"
#include "grammar/limits.h"
#include "grammar/schema_algebra.h"

namespace estoc::grammar {
namespace {

// Three-valued: what cannot be told stays so unless something else decides.
class Verdict {
 public:
  void require(std::optional<bool> part) {
    if (!part) {
      is_known_ = false;
    } else if (!*part) {
      is_false_ = true;
    }
  }
  std::optional<bool> value() const {
    if (is_false_) return false;
    return is_known_ ? std::optional(true) : std::nullopt;
  }

 private:
  bool is_known_ = true, is_false_ = false;
};

const Schema* find(const Schema::Named& named, const std::string& name) {
  const auto found = std::find_if(named.begin(), named.end(), [&](const auto& one) { return one.first == name; });
  return found == named.end() ? nullptr : found->second;
}

}  // namespace

std::optional<bool> SchemaAlgebra::is_valid(const Schema& schema, const Json& value, int depth) {
  if (schema.kind != Schema::Kind::keywords) return schema.kind == Schema::Kind::anything;
  if (depth > limits::kDepthMax || ++validity_steps_ > limits::kValiditySteps) return std::nullopt;
  const JsonType type = json_type(value);
  if (schema.types && !(*schema.types >> static_cast<int>(type) & 1)) return false;
  Verdict out;
  if (schema.values) {
    const std::string key = json_key(value);
    out.require(std::any_of(schema.values->begin(), schema.values->end(),
                            [&](const Json& one) { return json_key(one) == key; }));
  }
  if (type == JsonType::string) {
    out.require(grammar_.chars.matches(string_rules(schema), value.as_string()));
  } else if (type == JsonType::number) {
    const std::string text = Decimal::parse(to_json(value)).text();
    const RegexId integer = schema.types && schema.is_integer ? numbers_.integer() : kAnyText;
    out.require(grammar_.chars.matches(grammar_.arena.both({number_rules(schema), integer}), text));
  } else if (type == JsonType::array) {
    out.require(is_valid_array(schema, value, depth));
  } else if (type == JsonType::object) {
    out.require(is_valid_object(schema, value, depth));
  }
  const auto part = [&](const Schema* one) { return is_valid(*one, value, depth + 1); };
  for (const Schema* one : schema.all_of) out.require(part(one));
  if (schema.ref) out.require(part(schema.ref));
  const auto negated = [](std::optional<bool> known) { return known ? std::optional(!*known) : known; };
  if (schema.negated) out.require(negated(part(schema.negated)));
  if (!schema.any_of.empty()) {
    Verdict none;
    for (const Schema* one : schema.any_of) none.require(negated(part(one)));
    out.require(negated(none.value()));
  }
  if (!schema.one_of.empty()) {
    int count = 0;
    bool is_known = true;
    for (const Schema* one : schema.one_of) {
      const auto known = part(one);
      is_known &= known.has_value();
      count += known.value_or(false);
    }
    out.require(count > 1 ? std::optional(false) : is_known ? std::optional(count == 1) : std::nullopt);
  }
  if (schema.condition && (schema.then || schema.otherwise)) {
    const auto condition = part(schema.condition);
    const Schema* next = condition.value_or(false) ? schema.then : schema.otherwise;
    out.require(!condition ? std::nullopt : next ? part(next) : std::optional(true));
  }
  return out.value();
}

std::optional<bool> SchemaAlgebra::is_valid_array(const Schema& schema, const Json& value, int depth) {
  const auto& items = value.as_array();
  Verdict out;
  if (schema.unevaluated_items) out.require(std::nullopt);
  if (schema.min_items) out.require(items.size() >= *schema.min_items);
  if (schema.max_items) out.require(items.size() <= *schema.max_items);
  uint64_t count = 0;
  bool is_known = true;
  for (size_t i = 0; i < items.size(); ++i) {
    const Schema* own = i < schema.prefix_items.size() ? schema.prefix_items[i] : schema.items;
    if (own) out.require(is_valid(*own, items[i], depth + 1));
    if (schema.contains) {
      const auto known = is_valid(*schema.contains, items[i], depth + 1);
      is_known &= known.has_value();
      count += known.value_or(false);
    }
  }
  if (schema.contains) {
    const bool is_right = count >= schema.min_contains.value_or(1) && count <= schema.max_contains.value_or(UINT64_MAX);
    out.require(is_known ? std::optional(is_right) : std::nullopt);
  }
  if (schema.unique_items) {
    std::set<std::string> keys;
    for (const Json& item : items) keys.insert(json_key(item));
    out.require(keys.size() == items.size());
  }
  return out.value();
}

std::optional<bool> SchemaAlgebra::is_valid_object(const Schema& schema, const Json& value, int depth) {
  const auto& members = value.as_object();
  std::set<std::string> names;
  for (const auto& [name, member] : members) names.insert(name);
  Verdict out;
  if (schema.unevaluated_properties) out.require(std::nullopt);
  if (schema.min_properties) out.require(names.size() >= *schema.min_properties);
  if (schema.max_properties) out.require(names.size() <= *schema.max_properties);
  for (const std::string& name : schema.required) out.require(names.contains(name));
  for (const auto& [name, needed] : schema.dependent_required) {
    if (!names.contains(name)) continue;
    for (const std::string& one : needed) out.require(names.contains(one));
  }
  for (const auto& [name, dependent] : schema.dependent_schemas) {
    if (names.contains(name)) out.require(is_valid(*dependent, value, depth + 1));
  }
  for (const std::string& name : names) {
    const Json& member = *value.find(name);
    if (schema.property_names) out.require(is_valid(*schema.property_names, Json(name), depth + 1));
    bool is_additional = true;
    if (const Schema* own = find(schema.properties, name)) {
      is_additional = false;
      out.require(is_valid(*own, member, depth + 1));
    }
    for (const auto& [text, own] : schema.pattern_properties) {
      if (!grammar_.chars.matches(pattern(schema, text), name)) continue;
      is_additional = false;
      out.require(is_valid(*own, member, depth + 1));
    }
    if (is_additional && schema.additional_properties)
      out.require(is_valid(*schema.additional_properties, member, depth + 1));
  }
  return out.value();
}

}  // namespace estoc::grammar
