// What every part of a rendering needs: its bounds, look-ups, calls. Statements are in run_statements.cc, expressions
// in run_expressions.cc.
#include "jinja/evaluator.h"

#include <algorithm>

#include "jinja/failure.h"
#include "jinja/iteration.h"
#include "jinja/limits.h"
#include "jinja/object.h"
#include "jinja/printing.h"

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

Evaluator::Evaluator(const Program& program, Values context, int64_t now)
    : program_(program), context_(std::move(context)), now_(now) {}

// Oldest first: a chain of scopes that hold each other through macros then comes apart one link at a time.
Evaluator::~Evaluator() {
  for (const ScopePtr& scope : captured_scopes_) scope->values.clear();
  root_->values.clear();
  for (const auto& space : namespaces_) space->clear();
}

std::string Evaluator::run() {
  std::string out;
  out_ = &out;
  root_->set(program_.special.self, Value::object(std::make_shared<TemplateSelf>(program_)));
  run_block(program_.body, root_);
  return out;
}

void Evaluator::charge(uint64_t steps) {
  if (steps > kStepsMax - steps_) stop("the template runs for more than {} steps", kStepsMax);
  steps_ += steps;
}

// Looking a character up costs more than copying it, and more again beyond ASCII.
void Evaluator::charge_characters(const Value& text) {
  const size_t length = text.text().length;
  charge(length == text.bytes().size() ? length / 8 : length);
}

void Evaluator::charge_bytes(size_t bytes) {
  if (bytes > kTotalBytesMax - bytes_) stop("the template makes more than {} bytes", kTotalBytesMax);
  bytes_ += bytes;
}

void Evaluator::charge_made(const Value& value) {
  if (value.is_string()) charge_bytes(value.bytes().size());
  if (value.is_sequence()) charge_bytes(value.sequence().items.size() * 64);
  if (value.is_dict()) charge_bytes(value.dict().size() * 256);
}

std::string Evaluator::text_of(const Value& value) {
  charge_walk(value);
  std::string text = to_text(value);
  charge_bytes(text.size());
  return text;
}

void Evaluator::keep(std::shared_ptr<Namespace> space) {
  charge_bytes(512);
  namespaces_.push_back(std::move(space));
}

Value Evaluator::look_up(NameId id, const ScopePtr& scope) const {
  if (const Value* value = scope->find(id)) return *value;
  const auto index = static_cast<size_t>(id);
  if (!context_[index].is_undefined()) return context_[index];
  if (!program_.globals[index].is_undefined()) return program_.globals[index];
  return Value::undefined("'" + program_.names[index] + "' is undefined");
}

Value Evaluator::attribute_of(const Value& value, std::string_view name) {
  if (value.is_undefined()) stop("{}", value.undefined_reason());
  if (const Method method = find_method(value, name)) {
    return Value::object(std::make_shared<BoundMethod>(value, std::string(name), method));
  }
  if (is_forbidden_method(value, name)) {
    return Value::undefined(
        fmt::format("'{}' of '{}' changes the value, which templates may not", name, value.type_name()));
  }
  if (value.is_dict()) {
    if (const Value* item = value.dict().find(name)) return *item;
  } else if (auto attribute = find_attribute(value, name)) {
    return *attribute;
  }
  return Value::undefined(fmt::format("'{} object' has no attribute '{}'", value.type_name(), name));
}

Value Evaluator::item_or_attribute(const Value& value, const Value& key) {
  charge(1 + (value.is_string() ? value.bytes().size() / 64 : 0));
  if (auto item = item_of(value, key)) return *item;
  if (key.is_string()) return attribute_of(value, key.bytes());
  return Value::undefined(fmt::format("'{} object' has no element {}", value.type_name(), to_text(key)));
}

Value Evaluator::call(const Value& callee, Arguments& arguments) {
  if (callee.is_undefined()) stop("{}", callee.undefined_reason());
  if (!callee.is_object()) stop("'{}' object is not callable", callee.type_name());
  const Value::ObjectPtr object = callee.object();  // alive even when the call replaces its last name
  return object->call(*this, arguments);
}

Value Evaluator::filtered(std::string_view name, const Value& value, Arguments& arguments) {
  const Filter filter = find_filter(name);
  if (!filter) stop("no filter named '{}'", name);
  charge(1);
  return filter(*this, value, arguments);
}

bool Evaluator::tested(std::string_view name, const Value& value, Arguments& arguments) {
  const Predicate predicate = find_predicate(name);
  if (!predicate) stop("no test named '{}'", name);
  charge(1);
  return predicate(*this, value, arguments);
}

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
