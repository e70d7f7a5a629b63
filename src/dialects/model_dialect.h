// How one model writes calls and reasoning: seen in its chat template, or named by whoever serves it.
#pragma once

#include <string_view>
#include <vector>

#include "dialects/dialect.h"
#include "dialects/reasoning.h"

namespace estoc {

struct ModelDialect {
  const Dialect* calls = nullptr;             // null: calls are not read
  const ReasoningStyle* reasoning = nullptr;  // null: there is none, or the calls' dialect tells it
};

// Of a model with this chat template. One that shows no dialect is taught the default one (default_dialect).
ModelDialect detect_model_dialect(std::string_view chat_template);

// "auto" keeps what was detected, "none" reads nothing, everything else is a name. Throws Error{invalid_argument} with
// the names there are; `flag` is who asks.
const Dialect* choose_dialect(const Dialect* detected, std::string_view name, std::string_view flag);
const ReasoningStyle* choose_reasoning(const ReasoningStyle* detected, std::string_view name, std::string_view flag);

}  // namespace estoc
