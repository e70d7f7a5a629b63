#include <cmath>

#include "jinja/evaluator.h"
#include "jinja/failure.h"
#include "jinja/iteration.h"
#include "jinja/limits.h"
#include "jinja/operators.h"
#include "jinja/printing.h"

namespace estoc::jinja {

// Names, constants and attributes are most of a template; the rest goes through evaluate_simple's switch.
Value Evaluator::evaluate(const Expr& expr, const ScopePtr& scope) {
  const Nesting nesting(depth_);
  if (depth_ > kCallDepthMax) stop("the template recurses too deeply");
  charge(1);
  line_ = expr.line;
  switch (expr.kind) {
    case ExprKind::constant:
      return static_cast<const Constant&>(expr).value;
    case ExprKind::name:
      return look_up(static_cast<const Name&>(expr).id, scope);
    default:
      break;
  }
  Value value = evaluate_simple(expr, scope);
  charge_made(value);
  return value;
}

Value Evaluator::evaluate_simple(const Expr& expr, const ScopePtr& scope) {
  const auto compound = [&]() -> const Compound& { return static_cast<const Compound&>(expr); };
  switch (expr.kind) {
    case ExprKind::attribute: {
      const auto& attribute = static_cast<const Attribute&>(expr);
      return attribute_of(evaluate(*attribute.of, scope), attribute.name);
    }
    case ExprKind::item: {
      const auto& item = static_cast<const Item&>(expr);
      const Value of = evaluate(*item.of, scope);
      return item_or_attribute(of, evaluate(*item.key, scope));
    }
    case ExprKind::list:
    case ExprKind::tuple:
      return evaluate_sequence(compound(), scope);
    case ExprKind::dict:
      return evaluate_dict(compound(), scope);
    case ExprKind::negate:
      return negate(evaluate(*compound().parts[0], scope));
    case ExprKind::affirm:
      return affirm(evaluate(*compound().parts[0], scope));
    case ExprKind::logical_not:
      return Value::boolean(!evaluate(*compound().parts[0], scope).is_true());
    case ExprKind::arithmetic:
      return evaluate_arithmetic(static_cast<const ArithmeticExpr&>(expr), scope);
    case ExprKind::logical_and:
    case ExprKind::logical_or:
      return evaluate_logic(compound(), scope);
    case ExprKind::concat:
      return evaluate_concat(compound(), scope);
    case ExprKind::compare:
      return evaluate_compare(static_cast<const Compare&>(expr), scope);
    case ExprKind::conditional:
      return evaluate_conditional(compound(), scope);
    case ExprKind::slice:
      return evaluate_slice(compound(), scope);
    case ExprKind::call:
      return evaluate_call(static_cast<const Call&>(expr), scope, nullptr);
    case ExprKind::filter:
      return evaluate_filter(static_cast<const FilterExpr&>(expr), scope);
    case ExprKind::test:
      return evaluate_test(static_cast<const TestExpr&>(expr), scope);
    default:
      return Value();
  }
}

Value Evaluator::evaluate_sequence(const Compound& expr, const ScopePtr& scope) {
  Values items;
  items.reserve(expr.parts.size());
  for (const ExprPtr& part : expr.parts) items.push_back(evaluate(*part, scope));
  return expr.kind == ExprKind::list ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

Value Evaluator::evaluate_dict(const Compound& expr, const ScopePtr& scope) {
  Dict dict;
  for (size_t i = 0; i < expr.parts.size(); i += 2) {
    Value key = evaluate(*expr.parts[i], scope);
    charge_walk(key);
    dict.set(std::move(key), evaluate(*expr.parts[i + 1], scope));
  }
  return Value::dict(std::move(dict));
}

Value Evaluator::evaluate_arithmetic(const ArithmeticExpr& expr, const ScopePtr& scope) {
  const Value left = evaluate(*expr.parts[0], scope);
  const Value right = evaluate(*expr.parts[1], scope);
  line_ = expr.line;
  if (expr.operation == Arithmetic::modulo && left.is_string()) charge_walk(right);
  const bool negates = expr.negates_power && left.is_number() && std::signbit(left.as_double());
  Value result =
      negates ? negate(calculate(expr.operation, negate(left), right)) : calculate(expr.operation, left, right);
  if (result.is_sequence()) charge(result.sequence().items.size() / 16);
  return result;
}

Value Evaluator::evaluate_concat(const Compound& expr, const ScopePtr& scope) {
  std::string text;
  for (const ExprPtr& part : expr.parts) {
    const Value value = evaluate(*part, scope);
    if (value.is_string()) {
      text += value.bytes();
    } else {
      text += text_of(value);
    }
    if (text.size() > kTextBytesMax) stop("a string is longer than {} bytes", kTextBytesMax);
  }
  return Value::string(std::move(text));
}

Value Evaluator::evaluate_logic(const Compound& expr, const ScopePtr& scope) {
  Value left = evaluate(*expr.parts[0], scope);
  if (left.is_true() == (expr.kind == ExprKind::logical_or)) return left;
  return evaluate(*expr.parts[1], scope);
}

bool Evaluator::compared(Comparison sign, const Value& left, const Value& right) {
  const bool is_search = sign == Comparison::in || sign == Comparison::not_in;
  charge(is_search ? left.weight() + right.weight() / 2 : std::min(left.weight(), right.weight()));
  switch (sign) {
    case Comparison::equal:
      return is_equal(left, right);
    case Comparison::not_equal:
      return !is_equal(left, right);
    case Comparison::less:
      return compare(left, right, "<") == -1;
    case Comparison::greater:
      return compare(left, right, ">") == 1;
    case Comparison::in:
      return is_in(left, right);
    case Comparison::not_in:
      return !is_in(left, right);
    case Comparison::less_equal: {
      const int order = compare(left, right, "<=");
      return order == -1 || order == 0;
    }
    case Comparison::greater_equal: {
      const int order = compare(left, right, ">=");
      return order == 1 || order == 0;
    }
  }
  return false;
}

Value Evaluator::evaluate_compare(const Compare& expr, const ScopePtr& scope) {
  Value left = evaluate(*expr.parts[0], scope);
  for (size_t i = 0; i < expr.signs.size(); ++i) {
    Value right = evaluate(*expr.parts[i + 1], scope);
    line_ = expr.line;
    if (!compared(expr.signs[i], left, right)) return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

Value Evaluator::evaluate_conditional(const Compound& expr, const ScopePtr& scope) {
  if (evaluate(*expr.parts[0], scope).is_true()) return evaluate(*expr.parts[1], scope);
  if (expr.parts[2]) return evaluate(*expr.parts[2], scope);
  return Value::undefined("the inline if has no else, and its condition is false");
}

Value Evaluator::evaluate_slice(const Compound& expr, const ScopePtr& scope) {
  const Value of = evaluate(*expr.parts[0], scope);
  Value bounds[3] = {Value::none(), Value::none(), Value::none()};
  for (size_t i = 0; i < 3; ++i) {
    if (expr.parts[i + 1]) bounds[i] = evaluate(*expr.parts[i + 1], scope);
  }
  line_ = expr.line;
  if (of.is_string() && expr.parts[3]) charge_characters(of);
  charge(of.is_string() ? of.weight() : of.is_sequence() ? of.sequence().items.size() / 16 : 0);
  return slice_of(of, bounds[0], bounds[1], bounds[2]);
}

Value Evaluator::evaluate_filter_on(const FilterExpr& expr, const Value& input, const ScopePtr& scope) {
  const Value* const outer = std::exchange(filter_input_, &input);
  Value result = evaluate_filter(expr, scope);
  filter_input_ = outer;
  return result;
}

Value Evaluator::evaluate_filter(const FilterExpr& expr, const ScopePtr& scope) {
  const Value of = expr.of ? evaluate(*expr.of, scope) : *filter_input_;
  Arguments arguments = evaluate_arguments(expr.arguments, scope);
  line_ = expr.line;
  if (!expr.filter) stop("no filter named '{}'", expr.name);
  if (of.is_string()) charge_walk(of);
  return expr.filter(*this, of, arguments);
}

Value Evaluator::evaluate_test(const TestExpr& expr, const ScopePtr& scope) {
  const Value of = evaluate(*expr.of, scope);
  Arguments arguments = evaluate_arguments(expr.arguments, scope);
  line_ = expr.line;
  if (!expr.predicate) stop("no test named '{}'", expr.name);
  return Value::boolean(expr.predicate(*this, of, arguments) != expr.is_negated);
}

}  // namespace estoc::jinja
