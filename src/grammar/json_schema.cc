#include "grammar/json_schema.h"

#include "grammar/schema_algebra.h"
#include "grammar/schema_document.h"
#include "grammar/schema_values.h"

namespace estoc::grammar {

RuleId add_json_schema_rule(Grammar& grammar, const Json& schema, const SchemaOptions& options) {
  SchemaDocument document(schema);
  SchemaAlgebra algebra(document, grammar, options);
  SchemaValues values(algebra);
  const Conj root = algebra.with({}, SchemaAlgebra::holds(document.root()));
  const RuleId rule = grammar.automaton.add_rule();
  const NetNode from = grammar.net.add_node(), to = grammar.net.add_node();
  for (const RuleId one : values.compile(root)) grammar.net.add_call(from, one, to);
  grammar.net.set_rule(rule, from, to);
  return rule;
}

std::unique_ptr<Grammar> compile_json_schema(const Json& schema, const SchemaOptions& options) {
  auto grammar = std::make_unique<Grammar>();
  grammar->begin_with(add_json_schema_rule(*grammar, schema, options));
  return grammar;
}

std::unique_ptr<Grammar> compile_any_json(const SchemaOptions& options) {
  return compile_json_schema(Json(true), options);
}

std::unique_ptr<Grammar> compile_any_json_object(const SchemaOptions& options) {
  return compile_json_schema(Json(Json::Object{{"type", Json("object")}}), options);
}

}  // namespace estoc::grammar
