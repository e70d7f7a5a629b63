// What a chat's answer keeps to: its tools' calls, a format, and a budget of its reasoning.
//
// What: constraints of the answer begin behind the reasoning. A call's arguments keep to its tool's schema; where that
// cannot be enforced and the tool is not strict, to being an object. With a format beside tools an answer is calls or
// keeps to the format. Errors: Error{invalid_argument, unsupported} with the path of what cannot be kept to.
#pragma once

#include <memory>
#include <optional>

#include "api/call.h"
#include "api/constraint_fields.h"
#include "api/fields.h"
#include "api/served_model.h"
#include "api/tool_fields.h"
#include "sampling/token_constraint.h"

namespace estoc::api {

// How much of an answer may be reasoning, and what it ends with when that is spent.
struct ReasoningLimit {
  int tokens = 0;
  std::string message;
};

// Reads thinking_token_budget, its other names and reasoning_budget_message. Nothing without a budget. Throws
// Error{unsupported} for a model without reasoning.
std::optional<ReasoningLimit> read_reasoning_limit(Fields& fields, const ServedModel& model);

struct AnswerRules {
  const ToolRequest& tools;
  std::optional<WantedConstraint> format;  // what the text of the answer keeps to
  std::optional<ReasoningLimit> reasoning;
  bool begins_in_reasoning = false;
};

// Nothing when it would have to be compiled and the call must not take that long; null where there is nothing to keep
// to.
std::optional<std::shared_ptr<const TokenConstraint>> find_answer_constraint(const AnswerRules& rules,
                                                                             const ServedModel& model,
                                                                             const Call& call);

}  // namespace estoc::api
