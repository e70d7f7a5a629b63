#include "dialects/model_dialect.h"

#include <string>

#include "base/error.h"

namespace estoc {

ModelDialect detect_model_dialect(std::string_view chat_template) {
  const Dialect* calls = detect_dialect(chat_template);
  if (calls == nullptr) calls = &default_dialect();
  return {calls, calls->own_reasoning != nullptr ? nullptr : detect_reasoning_style(chat_template)};
}

const Dialect* choose_dialect(const Dialect* detected, std::string_view name, std::string_view flag) {
  if (name == "auto") return detected;
  if (name == "none") return nullptr;
  if (const Dialect* found = find_dialect(name)) return found;
  std::string names;
  for (const Dialect* dialect : dialects()) names += ", " + std::string(dialect->name);
  fail(ErrorCode::invalid_argument, "{}: '{}' is no dialect of tool calls; expected auto, none{}", flag, name, names);
}

const ReasoningStyle* choose_reasoning(const ReasoningStyle* detected, std::string_view name, std::string_view flag) {
  if (name == "auto") return detected;
  if (name == "none") return nullptr;
  if (const ReasoningStyle* found = find_reasoning_style(name)) return found;
  std::string names;
  for (const ReasoningStyle& style : reasoning_styles()) names += ", " + std::string(style.name);
  fail(ErrorCode::invalid_argument, "{}: '{}' is no way to mark reasoning; expected auto, none{}", flag, name, names);
}

}  // namespace estoc
