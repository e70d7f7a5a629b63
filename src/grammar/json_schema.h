// JSON that follows a schema, any JSON, and any JSON object, as grammars.
//
// What is enforced is exactly what the schema says (docs/GRAMMAR.md): every text of the grammar is valid, every valid
// value has a text, and no beginning of a text is a dead end. What that cannot be done for is refused. Errors:
// Error{invalid_argument, unsupported}: one sentence with the keyword and its JSON pointer.
#pragma once

#include <memory>

#include "base/json.h"
#include "grammar/grammar.h"
#include "grammar/schema_options.h"

namespace estoc::grammar {

std::unique_ptr<Grammar> compile_json_schema(const Json& schema, const SchemaOptions& options = {});
std::unique_ptr<Grammar> compile_any_json(const SchemaOptions& options = {});
std::unique_ptr<Grammar> compile_any_json_object(const SchemaOptions& options = {});

// A rule of a grammar that is still being drawn: for tags with parts that follow a schema.
RuleId add_json_schema_rule(Grammar& grammar, const Json& schema, const SchemaOptions& options);

}  // namespace estoc::grammar
