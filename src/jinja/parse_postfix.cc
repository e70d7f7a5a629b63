#include <fmt/format.h>

#include "jinja/limits.h"
#include "jinja/parser.h"

namespace estoc::jinja {

ExprPtr Parser::parse_postfix(ExprPtr of) {
  for (;;) {
    if (sees_sign(".") || sees_sign("[")) {
      of = parse_subscript(std::move(of));
    } else if (sees_sign("(")) {
      of = parse_call(std::move(of));
    } else {
      return of;
    }
  }
}

ExprPtr Parser::parse_filters_and_tests(ExprPtr of) {
  for (;;) {
    if (skip_sign("|")) {
      of = parse_filter(std::move(of));
    } else if (sees_name("is")) {
      of = parse_test(std::move(of));
    } else if (sees_sign("(")) {
      of = parse_call(std::move(of));
    } else {
      return of;
    }
  }
}

ExprPtr Parser::parse_subscript(ExprPtr of) {
  const Token& sign = take();
  if (sign.text == "[") return parse_bracketed(std::move(of), sign.line);
  ExprPtr node;
  if (current().kind == TokenKind::name) {
    node = std::make_unique<Attribute>(nullptr, current().text, sign.line);
    adopt(*node, of);
    static_cast<Attribute&>(*node).of = std::move(of);
  } else if (current().kind == TokenKind::integer) {
    auto key = std::make_unique<Constant>(Value::integer(current().integer), sign.line);
    node = std::make_unique<Item>(nullptr, std::move(key), sign.line);
    adopt(*node, of);
    static_cast<Item&>(*node).of = std::move(of);
  } else {
    fail_expected("a name or a number after '.'");
  }
  take();
  return node;
}

ExprPtr Parser::parse_bracketed(ExprPtr of, int line) {
  if (skip_sign(":")) return parse_slice(std::move(of), nullptr, line);
  ExprPtr key;
  if (sees_sign("]")) {
    key = std::make_unique<Compound>(ExprKind::tuple, line);
  } else {
    key = parse_expression();
  }
  if (skip_sign(":")) return parse_slice(std::move(of), std::move(key), line);
  if (sees_sign(",")) {
    auto tuple = std::make_unique<Compound>(ExprKind::tuple, line);
    adopt(*tuple, key);
    tuple->parts.push_back(std::move(key));
    while (skip_sign(",")) {
      if (sees_sign("]")) break;
      tuple->parts.push_back(parse_expression());
      adopt(*tuple, tuple->parts.back());
    }
    key = std::move(tuple);
  }
  expect_sign("]");
  auto item = std::make_unique<Item>(nullptr, nullptr, line);
  adopt(*item, of);
  adopt(*item, key);
  item->of = std::move(of);
  item->key = std::move(key);
  return item;
}

ExprPtr Parser::parse_slice(ExprPtr of, ExprPtr start, int line) {
  auto slice = std::make_unique<Compound>(ExprKind::slice, line);
  ExprPtr stop_at;
  ExprPtr step;
  if (!sees_sign("]") && !sees_sign(":")) stop_at = parse_expression();
  if (skip_sign(":") && !sees_sign("]")) step = parse_expression();
  expect_sign("]");
  for (ExprPtr* part : {&of, &start, &stop_at, &step}) {
    adopt(*slice, *part);
    slice->parts.push_back(std::move(*part));
  }
  return slice;
}

void Parser::parse_arguments(CallArguments& arguments, Expr& owner) {
  const int line = expect_sign("(").line;
  const auto in_order = [&](bool holds) {
    if (!holds) throw SyntaxError(line, "a call's arguments are in the wrong order");
  };
  for (bool is_first = true; !sees_sign(")"); is_first = false) {
    if (!is_first) expect_sign(",");
    if (sees_sign(")")) break;
    if (skip_sign("*")) {
      in_order(!arguments.spread && !arguments.keyword_spread);
      arguments.spread = parse_expression();
      adopt(owner, arguments.spread);
    } else if (skip_sign("**")) {
      in_order(!arguments.keyword_spread);
      arguments.keyword_spread = parse_expression();
      adopt(owner, arguments.keyword_spread);
    } else if (current().kind == TokenKind::name && ahead().kind == TokenKind::sign && ahead().text == "=") {
      in_order(!arguments.keyword_spread);
      std::string name = take().text;
      take();
      for (const auto& [other, expr] : arguments.keyword) {
        if (other == name) throw SyntaxError(line, "the argument '" + name + "' is given twice");
      }
      arguments.keyword.emplace_back(std::move(name), parse_expression());
      adopt(owner, arguments.keyword.back().second);
    } else {
      in_order(!arguments.spread && !arguments.keyword_spread && arguments.keyword.empty());
      arguments.positional.push_back(parse_expression());
      adopt(owner, arguments.positional.back());
    }
  }
  expect_sign(")");
}

ExprPtr Parser::parse_call(ExprPtr callee) {
  auto call = std::make_unique<Call>(current().line);
  adopt(*call, callee);
  call->callee = std::move(callee);
  parse_arguments(call->arguments, *call);
  return call;
}

std::string Parser::parse_dotted_name() {
  std::string name = expect_name();
  while (skip_sign(".")) name.append(1, '.').append(expect_name());
  return name;
}

ExprPtr Parser::parse_filter(ExprPtr of) {
  auto node = std::make_unique<FilterExpr>(current().line);
  adopt(*node, of);
  node->of = std::move(of);
  node->name = parse_dotted_name();
  if (const char* reason = why_refused(node->name)) {
    fail_here(fmt::format("the filter '{}' is not supported: {}", node->name, reason));
  }
  node->filter = find_filter(node->name);
  if (!node->filter) note_unknown("filter", node->name);
  if (sees_sign("(")) parse_arguments(node->arguments, *node);
  return node;
}

ExprPtr Parser::parse_test(ExprPtr of) {
  auto node = std::make_unique<TestExpr>(take().line);
  adopt(*node, of);
  node->of = std::move(of);
  node->is_negated = skip_name("not");
  node->name = parse_dotted_name();
  node->predicate = find_predicate(node->name);
  if (!node->predicate) note_unknown("test", node->name);
  if (sees_sign("(")) {
    parse_arguments(node->arguments, *node);
    return node;
  }
  const TokenKind kind = current().kind;
  const bool starts_argument = kind == TokenKind::name || kind == TokenKind::string || kind == TokenKind::integer ||
                               kind == TokenKind::floating || sees_sign("[") || sees_sign("{");
  if (!starts_argument || sees_name("else") || sees_name("or") || sees_name("and")) return node;
  if (sees_name("is")) fail_here("tests cannot be chained with 'is'");
  node->arguments.positional.push_back(parse_postfix(parse_primary()));
  adopt(*node, node->arguments.positional.back());
  return node;
}

}  // namespace estoc::jinja
