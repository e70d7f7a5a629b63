// How a dialect's calls are written, as a format that a grammar can be made of. Plain JSON values.
//
// What: the forms are those of grammar/text_format.h. Names and descriptions of tools come in as data only: constant
// text is never read as syntax. Errors: Error{unsupported} for a tool that a dialect cannot write.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "dialects/tool.h"

namespace estoc {

struct CallRules {
  const Tools& tools;           // those that may be called: at least one
  bool may_be_parallel = true;  // several calls, or one
};

// What an answer may be, behind the reasoning.
struct CallFormat {
  Json calls;   // calls and nothing else
  Json choice;  // text, calls, or both: the text ends where a call's mark begins
};

// `calls` begin with `trigger`, which no text in front of them has in it.
CallFormat format_with_trigger(std::string_view trigger, Json calls);
// `calls` stand at the beginning of an answer only, and text that begins with one of `first` is a call.
CallFormat format_at_beginning(std::string_view first, Json calls);

// The schema that a tool's arguments keep to: an object in any case, one without members where the tool takes none.
Json arguments_schema(const Tool& tool);

// An argument, and whether a call has to have it. In the schema's order.
struct Argument {
  std::string name;
  Json schema;  // complete: with the definitions that it may refer to
  bool is_required = false;
};
std::vector<Argument> arguments_of(const Tool& tool);

// The forms that formats are made of.
struct Form {
  static Json text(std::string_view text);
  static Json schema(Json schema);
  static Json any_text(std::vector<std::string_view> excludes);
  static Json regex(std::string_view pattern);
  static Json part(int index);
  static Json sequence(Json::Array elements);
  static Json either(Json::Array elements);
  static Json optional(Json element);
  // One or more with this between them.
  static Json several(Json element, std::string_view separator);
};

}  // namespace estoc
