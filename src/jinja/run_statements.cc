#include "jinja/evaluator.h"
#include "jinja/failure.h"
#include "jinja/iteration.h"
#include "jinja/limits.h"
#include "jinja/object.h"
#include "jinja/printing.h"

namespace estoc::jinja {

void Evaluator::write(std::string_view text) {
  if (text.size() > kTextBytesMax - out_->size()) stop("the output is longer than {} bytes", kTextBytesMax);
  charge_bytes(text.size());
  out_->append(text);
}

void Evaluator::print(const Value& value) {
  if (value.is_string()) return write(value.bytes());
  charge_walk(value);
  write(to_text(value));
}

Evaluator::Flow Evaluator::run_block(const Block& block, const ScopePtr& scope) {
  const Nesting nesting(depth_);
  if (depth_ > kCallDepthMax) stop("the template recurses too deeply");
  for (const StmtPtr& stmt : block) {
    charge(1);
    line_ = stmt->line;
    const Flow flow = run_statement(*stmt, scope);
    if (flow != Flow::next) return flow;
  }
  return Flow::next;
}

Evaluator::Flow Evaluator::run_statement(const Stmt& stmt, const ScopePtr& scope) {
  switch (stmt.kind) {
    case StmtKind::text:
      write(static_cast<const TextStmt&>(stmt).text);
      return Flow::next;
    case StmtKind::print:
      print(evaluate(*static_cast<const ExprStmt&>(stmt).expr, scope));
      return Flow::next;
    case StmtKind::run:
      evaluate(*static_cast<const ExprStmt&>(stmt).expr, scope);
      return Flow::next;
    case StmtKind::branch:
      return run_branch(static_cast<const Branch&>(stmt), scope);
    case StmtKind::loop:
      return run_for(static_cast<const ForStmt&>(stmt), scope);
    case StmtKind::set: {
      const auto& set = static_cast<const SetStmt&>(stmt);
      assign(set.target, evaluate(*set.value, scope), scope);
      return Flow::next;
    }
    case StmtKind::set_block:
      return run_set_block(static_cast<const SetBlock&>(stmt), scope);
    case StmtKind::macro:
      define_macro(static_cast<const MacroStmt&>(stmt), scope);
      return Flow::next;
    case StmtKind::call_block:
      run_call_block(static_cast<const CallBlock&>(stmt), scope);
      return Flow::next;
    case StmtKind::filter_block:
      return run_filter_block(static_cast<const FilterBlock&>(stmt), scope);
    case StmtKind::with:
      return run_with(static_cast<const WithStmt&>(stmt), scope);
    case StmtKind::scope:
      return run_block(static_cast<const BodyStmt&>(stmt).body, inner(scope));
    case StmtKind::named_block:
      run_named_block(static_cast<const NamedBlock&>(stmt), scope);
      return Flow::next;
    case StmtKind::load:
      stop("'{}' cannot load anything: a chat template stands alone", static_cast<const LoadStmt&>(stmt).tag);
    case StmtKind::leave:
      return Flow::leave;
    case StmtKind::skip:
      return Flow::skip;
  }
  return Flow::next;
}

Evaluator::Flow Evaluator::run_branch(const Branch& branch, const ScopePtr& scope) {
  for (const auto& [condition, body] : branch.arms) {
    if (!condition || evaluate(*condition, scope).is_true()) return run_block(body, scope);
  }
  return Flow::next;
}

bool Evaluator::is_selected(const ForStmt& loop, const ScopePtr& scope, const Value& item) {
  const ScopePtr trial = inner(scope);
  assign(loop.target, item, trial);
  return evaluate(*loop.condition, trial).is_true();
}

std::shared_ptr<const Sequence> Evaluator::selected(const ForStmt& loop, const ScopePtr& scope,
                                                    std::shared_ptr<const Sequence> items) {
  Values kept;
  for (const Value& item : items->items) {
    if (is_selected(loop, scope, item)) kept.push_back(item);
  }
  return Value::list(std::move(kept)).sequence_ptr();
}

Evaluator::Flow Evaluator::run_for(const ForStmt& loop, const ScopePtr& scope) {
  const Value over = evaluate(*loop.over, scope);
  charge(1 + (over.is_string() ? over.bytes().size() : 0));
  return run_items(loop, scope, over, 0);
}

Evaluator::Flow Evaluator::run_items(const ForStmt& loop, const ScopePtr& scope, const Value& over, int depth) {
  // A condition may depend on what earlier rounds set in a namespace, so it is asked round by round; only a body that
  // uses `loop`, which knows the length, needs the selection beforehand.
  const bool selects_first = loop.condition && loop.uses_loop;
  std::shared_ptr<const Sequence> known = loop.uses_loop ? iterate(over) : nullptr;
  if (selects_first) known = selected(loop, scope, std::move(known));
  const auto state = known ? std::make_shared<Loop>(loop, scope, known, depth) : nullptr;
  ItemReader items = known ? ItemReader(known) : ItemReader(over);
  bool has_finished_a_round = false;
  while (const auto item = items.next()) {
    charge(1);
    if (loop.condition && !selects_first && !is_selected(loop, scope, *item)) continue;
    const ScopePtr round = inner(scope);
    if (state) {
      state->advance();
      round->values.emplace_back(program_.special.loop, Value::object(state));
    }
    assign(loop.target, *item, round);
    const Flow flow = run_block(loop.body, round);
    if (flow == Flow::leave) break;
    has_finished_a_round |= flow == Flow::next;
  }
  // As in Jinja, `else` also runs when every round was left by break or continue.
  return has_finished_a_round ? Flow::next : run_block(loop.otherwise, inner(scope));
}

Value Evaluator::run_loop_again(const ForStmt& loop, const ScopePtr& definition, const Value& items, int depth) {
  const Nesting nesting(depth_);
  std::string text;
  std::string* const outer = std::exchange(out_, &text);
  run_items(loop, definition, items, depth);
  out_ = outer;
  return Value::string(std::move(text));
}

Evaluator::Flow Evaluator::run_captured(const Block& body, const ScopePtr& scope, std::string& text) {
  std::string* const outer = std::exchange(out_, &text);
  const Flow flow = run_block(body, scope);
  out_ = outer;
  return flow;
}

Evaluator::Flow Evaluator::run_with(const WithStmt& with, const ScopePtr& scope) {
  const ScopePtr body_scope = inner(scope);
  for (const auto& [target, value] : with.bindings) assign(target, evaluate(*value, scope), body_scope);
  return run_block(with.body, body_scope);
}

Evaluator::Flow Evaluator::run_set_block(const SetBlock& set, const ScopePtr& scope) {
  std::string text;
  const Flow flow = run_captured(set.body, inner(scope), text);
  if (flow != Flow::next) return flow;
  Value value = Value::string(std::move(text));
  if (set.filter) value = evaluate_filter_on(static_cast<const FilterExpr&>(*set.filter), value, scope);
  assign(set.target, value, scope);
  return Flow::next;
}

Evaluator::Flow Evaluator::run_filter_block(const FilterBlock& block, const ScopePtr& scope) {
  std::string text;
  const ScopePtr body_scope = inner(scope);
  const Flow flow = run_captured(block.body, body_scope, text);
  if (flow != Flow::next) return flow;
  const Value input = Value::string(std::move(text));
  const Value result = evaluate_filter_on(static_cast<const FilterExpr&>(*block.filter), input, body_scope);
  if (!result.is_string()) stop("a filter block writes a string, and its filter gave {}", result.type_name());
  print(result);
  return Flow::next;
}

// A block sees the variables of the top level, and those of where it stands only when it is scoped.
void Evaluator::run_named_block(const NamedBlock& block, const ScopePtr& scope) {
  if (block.is_required) stop("the block '{}' is required, and there is no template that fills it", block.name);
  run_block(block.body, inner(block.is_scoped ? scope : root_));
}

Value Evaluator::block_text(const std::string& name) {
  const Nesting nesting(depth_);
  const NamedBlock& block = *program_.blocks.at(name);
  std::string text;
  std::string* const outer = std::exchange(out_, &text);
  run_named_block(block, root_);
  out_ = outer;
  return Value::string(std::move(text));
}

Value Evaluator::make_macro(const MacroStmt& macro, const ScopePtr& scope) {
  if (captured_scopes_.empty() || captured_scopes_.back() != scope) {
    charge_bytes(512);
    captured_scopes_.push_back(scope);
  }
  Values names;
  for (const Parameter& parameter : macro.parameters) {
    names.push_back(Value::string(program_.names[static_cast<size_t>(parameter.id)]));
  }
  return Value::object(std::make_shared<Macro>(macro, scope, std::move(names)));
}

void Evaluator::define_macro(const MacroStmt& macro, const ScopePtr& scope) {
  scope->set(macro.id, make_macro(macro, scope));
}

void Evaluator::run_call_block(const CallBlock& block, const ScopePtr& scope) {
  const Value caller = make_macro(*block.caller, scope);
  print(evaluate_call(static_cast<const Call&>(*block.call), scope, &caller));
}

void Evaluator::assign(const Target& target, const Value& value, const ScopePtr& scope) {
  if (target.is_tuple) {
    assign_parts(target, value, scope);
  } else if (target.attribute.empty()) {
    scope->set(target.id, value);
  } else {
    assign_field(target, value, scope);
  }
}

void Evaluator::assign_field(const Target& target, const Value& value, const ScopePtr& scope) {
  const Value space = look_up(target.id, scope);
  auto* fields = space.is_object() ? dynamic_cast<Namespace*>(space.object().get()) : nullptr;
  if (!fields) stop("cannot set '{}' of a value that is no namespace", target.attribute);
  fields->set(Value::string(target.attribute), value);
}

void Evaluator::assign_parts(const Target& target, const Value& value, const ScopePtr& scope) {
  charge(1 + (value.is_string() ? value.bytes().size() : 0));
  const auto items = iterate(value);
  if (items->items.size() != target.parts.size()) {
    stop("cannot unpack {} values into {} names", items->items.size(), target.parts.size());
  }
  for (size_t i = 0; i < target.parts.size(); ++i) assign(target.parts[i], items->items[i], scope);
}

}  // namespace estoc::jinja
