// --schema, --grammar and --regex: what answers have to keep to.
#pragma once

#include <optional>
#include <string>

#include "grammar/constraint_source.h"

namespace CLI {
class App;
}

namespace estoc {

struct ConstraintOptionValues {
  std::string schema, grammar;  // files
  std::string regex;
};

void add_constraint_options(CLI::App& command, ConstraintOptionValues& values);

// Nothing when none is given. Throws Error{not_found, io, invalid_argument} with the flag or the file.
std::optional<grammar::ConstraintSource> read_constraint_options(const ConstraintOptionValues& values);

}  // namespace estoc
