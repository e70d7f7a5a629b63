#include <fmt/format.h>

#include <algorithm>

#include "jinja/limits.h"
#include "jinja/parser.h"

namespace estoc::jinja {

void Parser::adopt(Expr& parent, const ExprPtr& child) const {
  if (!child) return;
  parent.depth = std::max(parent.depth, child->depth + 1);
  if (parent.depth > kExpressionDepthMax)
    fail_here(fmt::format("an expression nests deeper than {}", kExpressionDepthMax));
}

namespace {

bool is_constant(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::constant:
      return true;
    case ExprKind::negate:
    case ExprKind::affirm:
    case ExprKind::arithmetic:
      break;
    default:
      return false;
  }
  const auto& parts = static_cast<const Compound&>(expr).parts;
  return std::all_of(parts.begin(), parts.end(), [](const ExprPtr& part) { return is_constant(*part); });
}

}  // namespace

ExprPtr Parser::make_pair(ExprKind kind, ExprPtr left, ExprPtr right, int line) const {
  auto pair = std::make_unique<Compound>(kind, line);
  adopt(*pair, left);
  adopt(*pair, right);
  pair->parts.push_back(std::move(left));
  if (right) pair->parts.push_back(std::move(right));
  return pair;
}

ExprPtr Parser::make_arithmetic(Arithmetic operation, ExprPtr left, ExprPtr right, int line) const {
  auto node = std::make_unique<ArithmeticExpr>(operation, line);
  // Jinja makes Python code of constants by writing them down, and Python reads "-2 ** n" as -(2 ** n).
  node->negates_power = operation == Arithmetic::power && is_constant(*left) && !is_constant(*right);
  adopt(*node, left);
  adopt(*node, right);
  node->parts.push_back(std::move(left));
  node->parts.push_back(std::move(right));
  return node;
}

// `a` or `a, b`: commas make a tuple, with or without parentheses; only within them may it be empty.
ExprPtr Parser::parse_tuple_or_one(bool allows_conditional, bool is_parenthesized) {
  const int line = current().line;
  auto tuple = std::make_unique<Compound>(ExprKind::tuple, line);
  bool is_tuple = false;
  const auto is_end = [&] {
    return current().kind == TokenKind::variable_end || current().kind == TokenKind::block_end || sees_sign(")");
  };
  while (!is_end()) {
    ExprPtr part = parse_expression(allows_conditional);
    adopt(*tuple, part);
    tuple->parts.push_back(std::move(part));
    if (!skip_sign(",")) break;
    is_tuple = true;
  }
  if (!is_tuple && tuple->parts.size() == 1) return std::move(tuple->parts[0]);
  if (!is_tuple && !is_parenthesized) fail_expected("an expression");
  return tuple;
}

ExprPtr Parser::parse_expression(bool allows_conditional) {
  const Nesting nesting(expression_depth_);
  if (expression_depth_ > kExpressionDepthMax) {
    fail_here(fmt::format("an expression nests deeper than {}", kExpressionDepthMax));
  }
  return allows_conditional ? parse_conditional() : parse_or();
}

ExprPtr Parser::parse_conditional() {
  const size_t unknown = unknown_.size();
  ExprPtr result = parse_or();
  while (sees_name("if")) {
    const int line = take().line;
    ExprPtr condition = parse_or();
    ExprPtr otherwise;
    if (skip_name("else")) otherwise = parse_expression();
    auto node = std::make_unique<Compound>(ExprKind::conditional, line);
    adopt(*node, condition);
    adopt(*node, result);
    adopt(*node, otherwise);
    node->parts.push_back(std::move(condition));
    node->parts.push_back(std::move(result));
    node->parts.push_back(std::move(otherwise));
    result = std::move(node);
    unknown_.resize(unknown, SyntaxError(0, ""));
  }
  return result;
}

ExprPtr Parser::parse_or() {
  ExprPtr left = parse_and();
  while (sees_name("or")) {
    const int line = take().line;
    left = make_pair(ExprKind::logical_or, std::move(left), parse_and(), line);
  }
  return left;
}

ExprPtr Parser::parse_and() {
  ExprPtr left = parse_not();
  while (sees_name("and")) {
    const int line = take().line;
    left = make_pair(ExprKind::logical_and, std::move(left), parse_not(), line);
  }
  return left;
}

ExprPtr Parser::parse_not() {
  const Nesting nesting(expression_depth_);
  if (!sees_name("not")) return parse_compare();
  if (expression_depth_ > kExpressionDepthMax) fail_here("too many 'not' in a row");
  const int line = take().line;
  return make_pair(ExprKind::logical_not, parse_not(), nullptr, line);
}

ExprPtr Parser::parse_compare() {
  static constexpr std::pair<std::string_view, Comparison> kSigns[] = {
      {"==", Comparison::equal},      {"!=", Comparison::not_equal}, {"<", Comparison::less},
      {"<=", Comparison::less_equal}, {">", Comparison::greater},    {">=", Comparison::greater_equal}};
  auto node = std::make_unique<Compare>(current().line);
  node->parts.push_back(parse_sum());
  for (;;) {
    const size_t count = node->signs.size();
    for (const auto& [sign, comparison] : kSigns) {
      if (!sees_sign(sign)) continue;
      take();
      node->signs.push_back(comparison);
      break;
    }
    if (node->signs.size() == count) {
      if (skip_name("in")) {
        node->signs.push_back(Comparison::in);
      } else if (sees_name("not") && ahead().kind == TokenKind::name && ahead().text == "in") {
        take();
        take();
        node->signs.push_back(Comparison::not_in);
      } else {
        break;
      }
    }
    node->parts.push_back(parse_sum());
  }
  if (node->signs.empty()) return std::move(node->parts[0]);
  for (const ExprPtr& part : node->parts) adopt(*node, part);
  return node;
}

ExprPtr Parser::parse_sum() {
  ExprPtr left = parse_concat();
  while (sees_sign("+") || sees_sign("-")) {
    const Token& sign = take();
    const auto operation = sign.text == "+" ? Arithmetic::add : Arithmetic::subtract;
    left = make_arithmetic(operation, std::move(left), parse_concat(), sign.line);
  }
  return left;
}

ExprPtr Parser::parse_concat() {
  ExprPtr first = parse_product();
  if (!sees_sign("~")) return first;
  auto node = std::make_unique<Compound>(ExprKind::concat, current().line);
  adopt(*node, first);
  node->parts.push_back(std::move(first));
  while (skip_sign("~")) {
    node->parts.push_back(parse_product());
    adopt(*node, node->parts.back());
  }
  return node;
}

ExprPtr Parser::parse_product() {
  static constexpr std::pair<std::string_view, Arithmetic> kSigns[] = {{"*", Arithmetic::multiply},
                                                                       {"/", Arithmetic::divide},
                                                                       {"//", Arithmetic::floor_divide},
                                                                       {"%", Arithmetic::modulo}};
  ExprPtr left = parse_power();
  for (bool is_more = true; is_more;) {
    is_more = false;
    for (const auto& [sign, operation] : kSigns) {
      if (!sees_sign(sign)) continue;
      const int line = take().line;
      left = make_arithmetic(operation, std::move(left), parse_power(), line);
      is_more = true;
      break;
    }
  }
  return left;
}

ExprPtr Parser::parse_power() {
  ExprPtr left = parse_unary(true);
  while (sees_sign("**")) {
    const int line = take().line;
    left = make_arithmetic(Arithmetic::power, std::move(left), parse_unary(true), line);
  }
  return left;
}

ExprPtr Parser::parse_unary(bool with_filters) {
  const Nesting nesting(expression_depth_);
  ExprPtr node;
  if (sees_sign("-") || sees_sign("+")) {
    if (expression_depth_ > kExpressionDepthMax) fail_here("too many signs in a row");
    const Token& sign = take();
    const auto kind = sign.text == "-" ? ExprKind::negate : ExprKind::affirm;
    node = make_pair(kind, parse_unary(false), nullptr, sign.line);
  } else {
    node = parse_primary();
  }
  node = parse_postfix(std::move(node));
  return with_filters ? parse_filters_and_tests(std::move(node)) : std::move(node);
}

ExprPtr Parser::parse_primary() {
  const Token& token = current();
  switch (token.kind) {
    case TokenKind::name:
      return parse_name_or_literal();
    case TokenKind::string:
      return parse_string();
    case TokenKind::integer:
      return std::make_unique<Constant>(Value::integer(token.integer), take().line);
    case TokenKind::floating:
      return std::make_unique<Constant>(Value::floating(token.floating), take().line);
    default:
      break;
  }
  if (skip_sign("(")) {
    ExprPtr inner = parse_tuple_or_one(true, true);
    expect_sign(")");
    return inner;
  }
  if (sees_sign("[")) return parse_list();
  if (sees_sign("{")) return parse_dict();
  fail_expected("an expression");
}

ExprPtr Parser::parse_name_or_literal() {
  const Token& token = take();
  const std::string& word = token.text;
  if (word == "true" || word == "True") return std::make_unique<Constant>(Value::boolean(true), token.line);
  if (word == "false" || word == "False") return std::make_unique<Constant>(Value::boolean(false), token.line);
  if (word == "none" || word == "None") return std::make_unique<Constant>(Value::none(), token.line);
  note_use(word);
  return std::make_unique<Name>(intern(word), token.line);
}

ExprPtr Parser::parse_string() {
  const int line = current().line;
  std::string text;
  while (current().kind == TokenKind::string) text += take().text;
  return std::make_unique<Constant>(Value::string(std::move(text)), line);
}

ExprPtr Parser::parse_list() {
  auto list = std::make_unique<Compound>(ExprKind::list, take().line);
  while (!sees_sign("]")) {
    if (!list->parts.empty()) expect_sign(",");
    if (sees_sign("]")) break;
    list->parts.push_back(parse_expression());
    adopt(*list, list->parts.back());
  }
  expect_sign("]");
  return list;
}

ExprPtr Parser::parse_dict() {
  auto dict = std::make_unique<Compound>(ExprKind::dict, take().line);
  while (!sees_sign("}")) {
    if (!dict->parts.empty()) expect_sign(",");
    if (sees_sign("}")) break;
    dict->parts.push_back(parse_expression());
    adopt(*dict, dict->parts.back());
    expect_sign(":");
    dict->parts.push_back(parse_expression());
    adopt(*dict, dict->parts.back());
  }
  expect_sign("}");
  return dict;
}

}  // namespace estoc::jinja
