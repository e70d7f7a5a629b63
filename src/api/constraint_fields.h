// What an answer has to keep to: response_format, structured_outputs and what other servers call the same.
//
// What: one constraint at most, whichever field it stands in; how JSON is written, beside it. docs/GRAMMAR.md has the
// list. Errors: Error{invalid_argument, unsupported} with the field's path; what a front end refuses, behind that path.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "api/call.h"
#include "api/fields.h"
#include "api/served_model.h"
#include "grammar/constraint_source.h"
#include "sampling/token_constraint.h"

namespace estoc::api {

struct WantedConstraint {
  grammar::ConstraintSource source;
  std::string path;  // of the field that it stands in
};

// Nothing when the answer may be any text.
std::optional<WantedConstraint> read_constraint(Fields& fields);

// Null when it would have to be compiled and the call must not take that long (Call::may_compile).
std::shared_ptr<const TokenConstraint> find_constraint(const WantedConstraint& wanted, const ServedModel& model,
                                                       const Call& call);

}  // namespace estoc::api
