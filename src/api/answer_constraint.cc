#include "api/answer_constraint.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "grammar/reasoning_budget.h"
#include "grammar/text_format.h"

namespace estoc::api {
namespace {

// What other servers call the budget.
constexpr const char* kBudgetNames[] = {"thinking_token_budget", "reasoning_budget", "thinking_budget_tokens"};
constexpr const char* kMessageName = "reasoning_budget_message";
constexpr size_t kMessageBytesMax = 4096;

// Of the model, or of its dialect's channels.
const ReasoningStyle* reasoning_of(const ServedModel& model) {
  if (model.dialect.reasoning != nullptr) return model.dialect.reasoning;
  return model.dialect.calls == nullptr ? nullptr : model.dialect.calls->own_reasoning;
}

std::vector<std::string> spellings(const SharedList<TokenId>& tokens, const Tokenizer& tokenizer) {
  std::vector<std::string> texts;
  for (const TokenId token : tokens) texts.emplace_back(tokenizer.token_bytes(token));
  return texts;
}

// What may stand where reasoning is over: calls, a text with its format, or either.
Json answer_form(const AnswerRules& rules, const ServedModel& model, const Tools& tools) {
  const Dialect* dialect = model.dialect.calls;
  const auto text = [&] {
    return dialect != nullptr && dialect->around_text != nullptr ? dialect->around_text(Form::part(0)) : Form::part(0);
  };
  if (tools.empty() || dialect == nullptr) return text();
  CallFormat calls = dialect->format({tools, rules.tools.may_be_parallel});
  if (rules.tools.needs_call) return std::move(calls.calls);
  if (rules.format) return Form::either({std::move(calls.calls), text()});
  return std::move(calls.choice);
}

grammar::ConstraintSource source_of(const AnswerRules& rules, const ServedModel& model, const Tools& tools) {
  const bool calls = !tools.empty() && model.dialect.calls != nullptr;
  const ReasoningStyle* reasoning = model.dialect.reasoning;
  const bool has_marks = model.dialect.calls != nullptr && model.dialect.calls->around_text != nullptr;
  if (!calls && reasoning == nullptr && !has_marks) return rules.format->source;
  Json form = answer_form(rules, model, tools);
  if (reasoning != nullptr) form = with_reasoning(*reasoning, rules.begins_in_reasoning, std::move(form));
  grammar::TextFormat format{std::move(form), spellings(model.mark_tokens, *model.tokenizer), {}, {}};
  format.schema_options.allows_blanks = true;
  if (rules.format) format.parts.push_back(rules.format->source);
  return text_format_source(std::move(format));
}

// The tools with their arguments left to be any object where their schemas cannot be enforced and need not be.
Tools without_refused_schemas(const ToolRequest& request, const ServedModel& model) {
  Tools tools = *request.tools;
  for (size_t i = 0; i < tools.size(); ++i) {
    if (request.are_strict[i]) continue;
    try {
      const Tools alone = {tools[i]};
      grammar::compile_text_format({model.dialect.calls->format({alone, false}).calls, {}, {}, {}});
    } catch (const Error&) {
      tools[i].parameters = Json(Json::Object{{"type", Json("object")}});
    }
  }
  return tools;
}

// The path of what stands in the way.
std::string path_of(const AnswerRules& rules) {
  return rules.tools.may_call() ? "tools" : rules.format ? rules.format->path : std::string();
}

std::shared_ptr<const TokenConstraint> find(const AnswerRules& rules, const ServedModel& model, const Call& call) {
  const std::string path = path_of(rules);
  try {
    return find_constraint({source_of(rules, model, *rules.tools.tools), path}, model, call);
  } catch (const Error& error) {
    const auto& strict = rules.tools.are_strict;
    const bool may_relax = rules.tools.may_call() && std::ranges::find(strict, false) != strict.end();
    if (!may_relax) throw Error(error.code(), error.what(), path);
  }
  try {
    return find_constraint({source_of(rules, model, without_refused_schemas(rules.tools, model)), path}, model, call);
  } catch (const Error& error) {
    throw Error(error.code(), error.what(), path);
  }
}

std::shared_ptr<const TokenConstraint> limited(const ReasoningLimit& limit, const AnswerRules& rules,
                                               const ServedModel& model, std::shared_ptr<const TokenConstraint> inner) {
  const ReasoningStyle& style = *reasoning_of(model);
  grammar::ReasoningBudget budget{
      limit.tokens, std::string(style.begin), std::string(style.end), rules.begins_in_reasoning, {}};
  budget.closing =
      model.tokenizer->encode(limit.message + std::string(style.end), {.add_special = false, .parse_special = true});
  return grammar::with_reasoning_budget(*model.tokenizer, std::move(budget), std::move(inner));
}

}  // namespace

std::optional<ReasoningLimit> read_reasoning_limit(Fields& fields, const ServedModel& model) {
  std::optional<ReasoningLimit> limit;
  for (const char* name : kBudgetNames) {
    const auto tokens = fields.integer(name, -1);
    if (!tokens || *tokens < 0) continue;
    if (reasoning_of(model) == nullptr) {
      throw Error(ErrorCode::unsupported,
                  fmt::format("{}: it is not known how model \"{}\" marks reasoning", fields.path(name), model.name),
                  fields.path(name));
    }
    limit = {static_cast<int>(std::min<int64_t>(*tokens, model.context)), "\n"};
  }
  if (auto message = fields.string(kMessageName)) {
    if (message->size() > kMessageBytesMax) {
      fields.refuse(kMessageName, fmt::format("expected at most {} bytes, got {}", kMessageBytesMax, message->size()));
    }
    if (limit) limit->message = std::move(*message);
  }
  return limit;
}

std::optional<std::shared_ptr<const TokenConstraint>> find_answer_constraint(const AnswerRules& rules,
                                                                             const ServedModel& model,
                                                                             const Call& call) {
  const bool calls = rules.tools.may_call() && model.dialect.calls != nullptr;
  std::shared_ptr<const TokenConstraint> constraint;
  if (calls || rules.format) {
    constraint = find(rules, model, call);
    if (constraint == nullptr) return std::nullopt;
  }
  if (rules.reasoning) constraint = limited(*rules.reasoning, rules, model, std::move(constraint));
  return constraint;
}

}  // namespace estoc::api
