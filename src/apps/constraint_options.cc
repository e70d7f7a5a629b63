#include "apps/constraint_options.h"

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "grammar/limits.h"

namespace estoc {
namespace {

std::string text_of(const char* flag, const std::string& path) {
  const MappedFile file(path);
  if (file.bytes().size() > grammar::limits::kSourceBytesMax) {
    fail(ErrorCode::invalid_argument, "{}: {} has {} bytes, and {} are allowed", flag, path, file.bytes().size(),
         grammar::limits::kSourceBytesMax);
  }
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

}  // namespace

void add_constraint_options(CLI::App& command, ConstraintOptionValues& values) {
  CLI::Option* const schema =
      command.add_option("--schema", values.schema, "a file with a JSON Schema that answers keep to");
  CLI::Option* const grammar =
      command.add_option("--grammar", values.grammar, "a file with a grammar, GBNF or Lark, that answers keep to");
  CLI::Option* const regex =
      command.add_option("--regex", values.regex, "a regular expression that whole answers match");
  schema->excludes(grammar)->excludes(regex);
  grammar->excludes(regex);
}

std::optional<grammar::ConstraintSource> read_constraint_options(const ConstraintOptionValues& values) {
  if (!values.regex.empty()) return grammar::regex_source(values.regex);
  if (!values.grammar.empty()) return grammar::grammar_source(text_of("--grammar", values.grammar));
  if (values.schema.empty()) return std::nullopt;
  const std::string text = text_of("--schema", values.schema);
  try {
    return grammar::json_schema_source(parse_json(text), {});
  } catch (const Error& error) {
    fail(error.code(), "--schema: {}: {}", values.schema, error.what());
  }
}

}  // namespace estoc
