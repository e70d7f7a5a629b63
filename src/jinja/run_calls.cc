#include <algorithm>

#include "jinja/evaluator.h"
#include "jinja/failure.h"
#include "jinja/iteration.h"
#include "jinja/limits.h"

namespace estoc::jinja {
namespace {

// Takes the keyword argument of that name out, if there.
std::optional<Value> take_keyword(Arguments& arguments, std::string_view name) {
  const auto place = std::find_if(arguments.keyword.begin(), arguments.keyword.end(),
                                  [&](const auto& argument) { return argument.first == name; });
  if (place == arguments.keyword.end()) return std::nullopt;
  std::pair<std::string, Value> taken = std::move(*place);
  arguments.keyword.erase(place);
  return std::move(taken.second);
}

std::string name_of(const MacroStmt& macro) { return macro.name.empty() ? "caller" : macro.name; }

Value rest_of(const Values& positional, size_t from) {
  Values rest;
  for (size_t i = from; i < positional.size(); ++i) rest.push_back(positional[i]);
  return Value::tuple(std::move(rest));
}

}  // namespace

void Evaluator::spread(const CallArguments& arguments, const ScopePtr& scope, Arguments& out) {
  if (arguments.spread) {
    const auto items = iterate(evaluate(*arguments.spread, scope));
    charge(items->items.size());
    out.positional.insert(out.positional.end(), items->items.begin(), items->items.end());
  }
  if (arguments.keyword_spread) {
    const Value value = evaluate(*arguments.keyword_spread, scope);
    if (!value.is_dict()) stop("argument after ** must be a mapping, not {}", value.type_name());
    charge(value.dict().size());
    for (const auto& [key, item] : value.dict().entries()) {
      if (!key.is_string()) stop("keywords must be strings");
      out.keyword.emplace_back(key.bytes(), item);
    }
  }
}

Arguments Evaluator::evaluate_arguments(const CallArguments& arguments, const ScopePtr& scope) {
  Arguments out;
  out.positional.reserve(arguments.positional.size());
  for (const ExprPtr& expr : arguments.positional) out.positional.push_back(evaluate(*expr, scope));
  for (const auto& [name, expr] : arguments.keyword) out.keyword.emplace_back(name, evaluate(*expr, scope));
  if (arguments.spread || arguments.keyword_spread) spread(arguments, scope, out);
  return out;
}

// A method call needs no bound method in between: `text.strip()` goes straight to the function.
Value Evaluator::evaluate_call(const Call& expr, const ScopePtr& scope, const Value* caller) {
  Value of;
  Method method = nullptr;
  Value callee;
  if (expr.callee->kind == ExprKind::attribute) {
    const auto& attribute = static_cast<const Attribute&>(*expr.callee);
    of = evaluate(*attribute.of, scope);
    method = find_method(of, attribute.name);
    if (!method) callee = attribute_of(of, attribute.name);
  } else {
    callee = evaluate(*expr.callee, scope);
  }
  Arguments arguments = evaluate_arguments(expr.arguments, scope);
  if (caller) arguments.keyword.emplace_back("caller", *caller);
  line_ = expr.line;
  if (!method) return call(callee, arguments);
  if (of.is_string()) charge_walk(of);
  return method(*this, of, arguments);
}

// Whether `caller` is among the parameters. A default may use parameters that come later: they have their value already
// if the call gave one.
bool Evaluator::bind_parameters(const MacroStmt& macro, const ScopePtr& scope, Arguments& arguments) {
  bool has_caller = false;
  std::vector<const Parameter*> left_out;
  for (size_t i = 0; i < macro.parameters.size(); ++i) {
    const Parameter& parameter = macro.parameters[i];
    has_caller |= parameter.id == program_.special.caller;
    const std::string& name = program_.names[static_cast<size_t>(parameter.id)];
    if (i < arguments.positional.size()) {
      scope->set(parameter.id, arguments.positional[i]);
    } else if (auto value = take_keyword(arguments, name)) {
      scope->set(parameter.id, std::move(*value));
    } else {
      scope->set(parameter.id, Value::undefined("parameter '" + name + "' was not provided"));
      if (parameter.fallback) left_out.push_back(&parameter);
    }
  }
  for (const Parameter* parameter : left_out) scope->set(parameter->id, evaluate(*parameter->fallback, scope));
  return has_caller;
}

Value Evaluator::run_macro(const MacroStmt& macro, const ScopePtr& definition, Arguments& arguments) {
  const Nesting nesting(depth_);
  const ScopePtr scope = inner(definition);
  const bool has_caller_parameter = bind_parameters(macro, scope, arguments);
  if (macro.uses_caller && !has_caller_parameter) {
    auto caller = take_keyword(arguments, "caller");
    scope->set(program_.special.caller, caller ? std::move(*caller) : Value::undefined("no caller is defined"));
  }
  if (macro.uses_kwargs) {
    Dict rest;
    for (auto& [name, value] : arguments.keyword) rest.set(name, value);
    scope->set(program_.special.kwargs, Value::dict(std::move(rest)));
  } else if (!arguments.keyword.empty()) {
    stop("macro '{}' takes no keyword argument '{}'", name_of(macro), arguments.keyword[0].first);
  }
  if (macro.uses_varargs) {
    scope->set(program_.special.varargs, rest_of(arguments.positional, macro.parameters.size()));
  } else if (arguments.positional.size() > macro.parameters.size()) {
    stop("macro '{}' takes not more than {} arguments", name_of(macro), macro.parameters.size());
  }
  std::string text;
  run_captured(macro.body, scope, text);
  return Value::string(std::move(text));
}

}  // namespace estoc::jinja
