#include "api/constraint_fields.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/error.h"
#include "grammar/constraint_cache.h"
#include "grammar/limits.h"

namespace estoc::api {
namespace {

using grammar::ConstraintSource;
using grammar::SchemaOptions;
using grammar::StructuralTags;

[[noreturn]] void refuse_unsupported(const std::string& path, std::string_view what) {
  throw Error(ErrorCode::unsupported, fmt::format("{}: {}", path, what), path);
}

// JSON as it is or, as some clients send it, in a string.
Json json_or_text(const Json& value, const std::string& path) {
  if (!value.is_string()) return value;
  try {
    return parse_argument(value.as_string());
  } catch (const Error& error) {
    refuse_field(path, error.what());
  }
}

Json schema_of(const Json& value, const std::string& path) {
  Json schema = json_or_text(value, path);
  if (!schema.is_object() && !schema.is_bool()) {
    refuse_field(path, fmt::format("expected a JSON Schema, an object or a boolean, got {}", schema.type_name()));
  }
  return schema;
}

std::vector<std::string> strings_of(Fields& fields, const char* name, size_t count_max) {
  std::vector<std::string> strings;
  const Json::Array* const items = fields.array(name, count_max);
  if (items == nullptr) fields.refuse(name, "missing");
  for (size_t i = 0; i < items->size(); ++i) {
    const Json& item = (*items)[i];
    if (!item.is_string()) {
      refuse_field(fmt::format("{}[{}]", fields.path(name), i),
                   fmt::format("expected a string, got {}", item.type_name()));
    }
    strings.push_back(item.as_string());
  }
  return strings;
}

StructuralTags structural_tags(const Json& value, const std::string& path, const SchemaOptions& options) {
  Fields fields(value, path);
  if (fields.find("format") != nullptr) refuse_unsupported(fields.path("format"), "not supported; structures are");
  StructuralTags tags;
  tags.schema_options = options;
  tags.triggers = strings_of(fields, "triggers", grammar::limits::kTagsMax);
  const Json::Array* const structures = fields.array("structures", grammar::limits::kTagsMax);
  if (structures == nullptr) fields.refuse("structures", "missing");
  for (size_t i = 0; i < structures->size(); ++i) {
    Fields structure((*structures)[i], fmt::format("{}[{}]", fields.path("structures"), i));
    const auto begin = structure.string("begin"), end = structure.string("end");
    const Json* const schema = structure.find("schema");
    if (!begin || begin->empty()) structure.refuse("begin", "missing");
    if (schema == nullptr) structure.refuse("schema", "missing");
    tags.tags.push_back({*begin, grammar::TagSchema{schema_of(*schema, structure.path("schema"))}, end.value_or("")});
  }
  return tags;
}

// Whatever names a constraint is read; two are one too many.
class Reader {
 public:
  explicit Reader(Fields& fields) : fields_(fields) {}

  std::optional<WantedConstraint> read() {
    if (const Json* value = fields_.find("structured_outputs")) {
      Fields outputs(*value, fields_.path("structured_outputs"));
      read_options(outputs);
      read_structured_outputs(outputs);
    }
    if (const Json* value = fields_.find("response_format")) {
      Fields format(*value, fields_.path("response_format"));
      read_response_format(*value, format);
    }
    read_schema(fields_, "guided_json");
    read_regex(fields_, "guided_regex");
    read_choice(fields_, "guided_choice");
    read_grammar(fields_, "guided_grammar");
    read_schema(fields_, "json_schema");
    read_grammar(fields_, "grammar");
    read_regex(fields_, "regex");
    if (auto text = fields_.string("ebnf"); text && !text->empty()) {
      add(fields_.path("ebnf"), grammar::gbnf_source(std::move(*text)));
    }
    return std::move(wanted_);
  }

 private:
  void add(std::string path, ConstraintSource source) {
    if (wanted_) {
      refuse_field(path, fmt::format("an answer keeps to one constraint, and {} is one already", wanted_->path));
    }
    wanted_ = {std::move(source), std::move(path)};
  }

  void read_options(Fields& outputs) {
    options_.allows_blanks = !outputs.boolean("disable_any_whitespace").value_or(true);
    if (const auto order = outputs.string("property_order")) {
      if (*order != "schema" && *order != "any") {
        outputs.refuse("property_order", fmt::format("expected \"schema\" or \"any\", got \"{}\"", *order));
      }
      options_.any_property_order = *order == "any";
    }
    if (const auto pattern = outputs.string("whitespace_pattern"); pattern && !pattern->empty()) {
      refuse_unsupported(outputs.path("whitespace_pattern"),
                         "not supported; disable_any_whitespace says whether there are blanks");
    }
    if (outputs.boolean("disable_additional_properties").value_or(false)) {
      refuse_unsupported(outputs.path("disable_additional_properties"),
                         "not supported; \"additionalProperties\": false in the schema is");
    }
  }

  void read_structured_outputs(Fields& outputs) {
    read_schema(outputs, "json");
    read_regex(outputs, "regex");
    read_choice(outputs, "choice");
    read_grammar(outputs, "grammar");
    if (outputs.boolean("json_object").value_or(false)) {
      add(outputs.path("json_object"), grammar::any_json_object_source(options_));
    }
    if (const Json* tag = outputs.find("structural_tag")) {
      const std::string path = outputs.path("structural_tag");
      add(path, grammar::structural_tags_source(structural_tags(json_or_text(*tag, path), path, options_)));
    }
  }

  void read_response_format(const Json& value, Fields& format) {
    const auto type = format.string("type");
    if (!type) format.refuse("type", "missing");
    if (*type == "text") return;
    if (*type == "json_object") {
      const Json* const schema = format.find("schema");  // llama-server's
      if (schema == nullptr) return add(fields_.path("response_format"), grammar::any_json_object_source(options_));
      return add(format.path("schema"),
                 grammar::json_schema_source(schema_of(*schema, format.path("schema")), options_));
    }
    if (*type == "json_schema") {
      const Json* const named = format.find("json_schema");
      if (named == nullptr) format.refuse("json_schema", "missing");
      Fields fields(*named, format.path("json_schema"));
      fields.string("name");
      fields.boolean("strict");  // it is kept to in any case
      const Json* const schema = fields.find("schema");
      if (schema == nullptr) fields.refuse("schema", "missing");
      return add(fields.path("schema"),
                 grammar::json_schema_source(schema_of(*schema, fields.path("schema")), options_));
    }
    if (*type == "structural_tag") {
      const std::string path = fields_.path("response_format");
      return add(path, grammar::structural_tags_source(structural_tags(value, path, options_)));
    }
    format.refuse("type",
                  fmt::format("expected \"text\", \"json_object\", \"json_schema\" or \"structural_tag\", got \"{}\"",
                              type->substr(0, 80)));
  }

  void read_schema(Fields& fields, const char* name) {
    const Json* const value = fields.find(name);
    if (value == nullptr || *value == Json("")) return;
    add(fields.path(name), grammar::json_schema_source(schema_of(*value, fields.path(name)), options_));
  }
  void read_regex(Fields& fields, const char* name) {
    auto text = fields.string(name);
    if (text && !text->empty()) add(fields.path(name), grammar::regex_source(std::move(*text)));
  }
  void read_grammar(Fields& fields, const char* name) {
    auto text = fields.string(name);
    if (text && !text->empty()) add(fields.path(name), grammar::grammar_source(std::move(*text)));
  }
  void read_choice(Fields& fields, const char* name) {
    if (fields.find(name) == nullptr) return;
    std::vector<std::string> choices = strings_of(fields, name, grammar::limits::kChoicesMax);
    if (!choices.empty()) add(fields.path(name), grammar::choices_source(std::move(choices)));
  }

  Fields& fields_;
  SchemaOptions options_;
  std::optional<WantedConstraint> wanted_;
};

}  // namespace

std::optional<WantedConstraint> read_constraint(Fields& fields) { return Reader(fields).read(); }

std::shared_ptr<const TokenConstraint> find_constraint(const WantedConstraint& wanted, const ServedModel& model,
                                                       const Call& call) {
  try {
    return call.may_compile ? model.constraints->get(wanted.source) : model.constraints->find(wanted.source);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", wanted.path, error.what()), wanted.path);
  }
}

}  // namespace estoc::api
