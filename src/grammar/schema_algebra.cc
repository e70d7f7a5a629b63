#include "grammar/schema_algebra.h"

#include <algorithm>

#include "base/error.h"
#include "grammar/json_key.h"
#include "grammar/limits.h"
#include "grammar/regex_parser.h"
#include "grammar/string_formats.h"

namespace estoc::grammar {
namespace {

uint8_t bit(JsonType type) { return static_cast<uint8_t>(1u << static_cast<int>(type)); }

// The types that a schema's own type and enum leave.
uint8_t types_of(const Schema& schema) {
  if (schema.kind == Schema::Kind::nothing) return 0;
  uint8_t out = schema.types.value_or(0xFF);
  if (schema.values) {
    uint8_t listed = 0;
    for (const Json& value : *schema.values) listed |= bit(json_type(value));
    out &= listed;
  }
  return out;
}

}  // namespace

void SchemaAlgebra::refuse(const Schema& schema, std::string_view keyword, const std::string& why) {
  const std::string path = schema.path + "/" + std::string(keyword);
  throw Error(ErrorCode::unsupported, fmt::format("schema at {}: {}", path, why), path);
}

Conj SchemaAlgebra::with(const Conj& conj, Literal literal) {
  const Schema& schema = schema_of(literal);
  if (schema.kind == (is_negated(literal) ? Schema::Kind::nothing : Schema::Kind::anything)) return conj;
  Conj out = conj;
  const auto at = std::lower_bound(out.begin(), out.end(), literal);
  if (at != out.end() && *at == literal) return out;
  out.insert(at, literal);
  return reduced(std::move(out));
}

Conj SchemaAlgebra::reduced(Conj conj) {
  const Conj nothing{holds(document_.nothing())};
  uint8_t types = 0xFF;
  const std::vector<Json>* listed = nullptr;
  for (const Literal one : conj) {
    const Schema& schema = schema_of(one);
    if (schema.kind == (is_negated(one) ? Schema::Kind::anything : Schema::Kind::nothing)) return nothing;
    if (!is_negated(one)) {
      types &= types_of(schema);
      if (std::binary_search(conj.begin(), conj.end(), fails(schema))) return nothing;
      if (schema.values && (!listed || schema.values->size() < listed->size())) listed = &*schema.values;
    }
  }
  if ((types & 0x7F) == 0) return nothing;
  // What must fail and is for other types fails anyway.
  std::erase_if(conj, [&](Literal one) { return is_negated(one) && (types_of(schema_of(one)) & types & 0x7F) == 0; });
  if (!listed) return conj;
  std::vector<Json> kept;
  for (const Json& value : *listed) {
    bool is_kept = true;
    for (const Literal one : conj) {
      const auto valid = is_valid(schema_of(one), value);
      if (!valid) return conj;
      is_kept &= *valid != is_negated(one);
    }
    if (is_kept) kept.push_back(value);
  }
  if (kept.empty()) return nothing;
  return {holds(enumeration(kept))};
}

const std::vector<Json>* SchemaAlgebra::values(const Conj& conj) const {
  if (conj.size() != 1 || is_negated(conj[0])) return nullptr;
  const Schema& schema = schema_of(conj[0]);
  return schema.values && schema.path == "const" ? &*schema.values : nullptr;
}

const Schema& SchemaAlgebra::enumeration(const std::vector<Json>& values) {
  std::set<std::string> keys;
  std::vector<Json> kept;
  std::string all;
  for (const Json& value : values) {
    const std::string key = json_key(value);
    if (!keys.insert(key).second) continue;
    kept.push_back(value);
    all += key + "\n";
  }
  const Schema*& known = enumerations_[all];
  if (!known) {
    Schema& made = document_.add("const");
    made.values = std::move(kept);
    known = &made;
  }
  return *known;
}

const Schema& SchemaAlgebra::constant(const Json& value) {
  const Schema*& known = constants_[json_key(value)];
  if (known) return *known;
  Schema& made = document_.add("const");
  known = &made;
  made.types = bit(json_type(value));
  if (value.is_array()) {
    for (const Json& item : value.as_array()) made.prefix_items.push_back(&constant(item));
    made.items = &document_.nothing();
    made.min_items = made.prefix_items.size();
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.as_object()) {
      std::erase_if(made.properties, [&](const auto& one) { return one.first == name; });
      made.properties.emplace_back(name, &constant(member));
    }
    for (const auto& [name, member] : made.properties) made.required.push_back(name);
    made.additional_properties = &document_.nothing();
  } else {
    made.values = std::vector<Json>{value};
  }
  return made;
}

const Schema& SchemaAlgebra::any_of(std::vector<const Schema*> parts) {
  const Schema*& known = choices_[parts];
  if (!known) {
    Schema& made = document_.add("anyOf");
    made.any_of = std::move(parts);
    known = &made;
  }
  return *known;
}

RegexId SchemaAlgebra::pattern(const Schema& schema, const std::string& text) {
  const auto [found, is_new] = patterns_.try_emplace(text, kNothing);
  if (!is_new) return found->second;
  try {
    found->second = parse_regex(grammar_.arena, text, Find::anywhere);
  } catch (const Error& error) {
    patterns_.erase(text);
    throw Error(error.code(), fmt::format("schema at {}: pattern '{}': {}", schema.path, text, error.what()),
                schema.path);
  }
  return found->second;
}

RegexId SchemaAlgebra::scalar(const Conj& conj, JsonType type) {
  std::vector<RegexId> parts;
  for (const Literal one : conj) {
    const RegexId part = scalar(schema_of(one), type);
    parts.push_back(is_negated(one) ? grammar_.arena.complement(part) : part);
  }
  const RegexId out = grammar_.arena.both(std::move(parts));
  if (type != JsonType::number || out == kAnyText || out == kNothing) return out;
  return grammar_.arena.both({numbers_.any(), out});
}

RegexId SchemaAlgebra::scalar(const Schema& schema, JsonType type) {
  if (schema.kind != Schema::Kind::keywords) return schema.kind == Schema::Kind::anything ? kAnyText : kNothing;
  const auto key = std::pair(schema.index, type);
  const auto known = scalars_.find(key);
  if (known != scalars_.end()) return known->second;
  if (!open_.insert(key).second) {
    refuse(schema, "$ref", "the schema refers to itself without anything in between");
  }
  if (open_.size() > 4 * static_cast<size_t>(limits::kDepthMax)) {
    refuse(schema, "$ref", "references lead from one to the next without end");
  }
  const RegexId out = own_scalar(schema, type);
  open_.erase(key);
  scalars_[key] = out;
  return out;
}

RegexId SchemaAlgebra::own_scalar(const Schema& schema, JsonType type) {
  RegexArena& arena = grammar_.arena;
  std::vector<RegexId> parts;
  if (schema.types && !(*schema.types & bit(type))) return kNothing;
  if (schema.types && schema.is_integer && type == JsonType::number) parts.push_back(numbers_.integer());
  if (schema.values) {
    std::vector<RegexId> listed;
    std::vector<std::string_view> texts;
    for (const Json& value : *schema.values) {
      if (json_type(value) != type) continue;
      if (type == JsonType::string) {
        texts.push_back(value.as_string());
      } else {
        listed.push_back(type == JsonType::number ? numbers_.equal(Decimal::parse(to_json(value))) : kAnyText);
      }
    }
    listed.push_back(arena.one_of(std::move(texts)));
    parts.push_back(arena.either(std::move(listed)));
  }
  if (type == JsonType::string) parts.push_back(string_rules(schema));
  if (type == JsonType::number) parts.push_back(number_rules(schema));
  for (const Schema* one : schema.all_of) parts.push_back(scalar(*one, type));
  if (schema.ref) parts.push_back(scalar(*schema.ref, type));
  if (schema.negated) parts.push_back(arena.complement(scalar(*schema.negated, type)));
  if (!schema.any_of.empty()) {
    std::vector<RegexId> any;
    for (const Schema* one : schema.any_of) any.push_back(scalar(*one, type));
    parts.push_back(arena.either(std::move(any)));
  }
  if (!schema.one_of.empty()) {
    // Exactly one of those before, and none: kept up as each comes.
    RegexId one = kNothing, none = kAnyText;
    for (const Schema* part : schema.one_of) {
      const RegexId here = scalar(*part, type), not_here = arena.complement(here);
      one = arena.either({arena.both({one, not_here}), arena.both({none, here})});
      none = arena.both({none, not_here});
    }
    parts.push_back(one);
  }
  if (schema.condition && (schema.then || schema.otherwise)) {
    const RegexId condition = scalar(*schema.condition, type);
    const RegexId then = schema.then ? scalar(*schema.then, type) : kAnyText;
    const RegexId otherwise = schema.otherwise ? scalar(*schema.otherwise, type) : kAnyText;
    parts.push_back(
        arena.either({arena.both({condition, then}), arena.both({arena.complement(condition), otherwise})}));
  }
  return arena.both(std::move(parts));
}

RegexId SchemaAlgebra::string_rules(const Schema& schema) {
  RegexArena& arena = grammar_.arena;
  std::vector<RegexId> parts;
  if (schema.pattern) parts.push_back(pattern(schema, *schema.pattern));
  if (schema.format && options_.asserts_formats) {
    try {
      parts.push_back(format_regex(arena, *schema.format));
    } catch (const Error& error) {
      refuse(schema, "format", error.what());
    }
  }
  for (const auto& [bound, keyword] :
       {std::pair(schema.min_length, "minLength"), std::pair(schema.max_length, "maxLength")}) {
    if (bound && *bound > limits::kRepeatMax) refuse(schema, keyword, fmt::format("is above {}", limits::kRepeatMax));
  }
  const auto least = static_cast<int>(schema.min_length.value_or(0));
  const int most = schema.max_length ? static_cast<int>(*schema.max_length) : kUnbounded;
  if (most != kUnbounded && most < least) return kNothing;
  if (parts.empty()) return arena.repeat(arena.any_char(), least, most);
  if (least > 0) parts.push_back(arena.repeat(arena.any_char(), least));
  const RegexId all = arena.both(std::move(parts));
  return most == kUnbounded ? all : arena.limited(all, most);
}

RegexId SchemaAlgebra::number_rules(const Schema& schema) {
  RegexArena& arena = grammar_.arena;
  std::vector<RegexId> parts;
  const auto decimal = [](const std::optional<std::string>& text) { return Decimal::parse(*text); };
  if (schema.minimum) parts.push_back(numbers_.at_least(decimal(schema.minimum)));
  if (schema.maximum) parts.push_back(numbers_.at_most(decimal(schema.maximum)));
  if (schema.exclusive_minimum) {
    const Decimal bound = decimal(schema.exclusive_minimum);
    parts.push_back(arena.both({numbers_.at_least(bound), arena.complement(numbers_.equal(bound))}));
  }
  if (schema.exclusive_maximum) {
    const Decimal bound = decimal(schema.exclusive_maximum);
    parts.push_back(arena.both({numbers_.at_most(bound), arena.complement(numbers_.equal(bound))}));
  }
  if (schema.multiple_of) {
    try {
      parts.push_back(numbers_.multiple_of(decimal(schema.multiple_of)));
    } catch (const Error& error) {
      refuse(schema, "multipleOf", error.what());
    }
  }
  return arena.both(std::move(parts));
}

}  // namespace estoc::grammar
