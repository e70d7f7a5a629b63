#include <fmt/format.h>

#include <algorithm>

#include "jinja/limits.h"
#include "jinja/parser.h"

namespace estoc::jinja {
namespace {

bool is_reserved(std::string_view name) {
  static constexpr std::string_view kWords[] = {"true", "false", "none", "True", "False", "None"};
  return std::find(std::begin(kWords), std::end(kWords), name) != std::end(kWords);
}

}  // namespace

// Statements until a tag named in `ends`, whose name is then current; or to the end of the template when empty.
Block Parser::parse_block(const std::vector<std::string_view>& ends) {
  const Nesting nesting(statement_depth_);
  if (statement_depth_ > kStatementDepthMax) fail_here(fmt::format("blocks nest deeper than {}", kStatementDepthMax));
  Block block;
  while (current().kind != TokenKind::end) {
    if (current().kind == TokenKind::data) {
      const Token& token = take();
      block.push_back(std::make_unique<TextStmt>(token.text, token.line));
    } else if (current().kind == TokenKind::variable_begin) {
      parse_print(block);
    } else {
      expect(TokenKind::block_begin, "{%");
      const bool is_end =
          current().kind == TokenKind::name && std::find(ends.begin(), ends.end(), current().text) != ends.end();
      if (is_end) return block;
      block.push_back(parse_statement());
      expect(TokenKind::block_end, "%}");
    }
  }
  if (!ends.empty()) fail_expected(fmt::format("'{}'", fmt::join(ends, "' or '")));
  return block;
}

void Parser::parse_print(Block& block) {
  const int line = take().line;
  block.push_back(std::make_unique<ExprStmt>(StmtKind::print, parse_tuple_or_one(true, false), line));
  expect(TokenKind::variable_end, "}}");
}

// The rest of an opening tag and the statements up to one of `ends`.
Block Parser::parse_body(const std::vector<std::string_view>& ends) {
  const size_t unknown = unknown_.size();
  Block block = parse_branch_body(ends);
  settle_unknown(unknown);
  return block;
}

// The same for what may be left out when the template runs.
Block Parser::parse_branch_body(const std::vector<std::string_view>& ends) {
  skip_sign(":");
  expect(TokenKind::block_end, "%}");
  return parse_block(ends);
}

StmtPtr Parser::parse_statement() {
  if (current().kind != TokenKind::name) fail_expected("the name of a tag");
  const std::string& tag = current().text;
  if (tag == "if") return parse_if();
  if (tag == "for") return parse_for();
  if (tag == "set") return parse_set();
  if (tag == "macro") return parse_macro();
  if (tag == "call") return parse_call_block();
  if (tag == "filter") return parse_filter_block();
  if (tag == "with") return parse_with();
  if (tag == "generation") return parse_generation();
  if (tag == "do") return parse_do();
  if (tag == "print") return parse_print_tag();
  if (tag == "block") return parse_named_block();
  if (tag == "include" || tag == "import" || tag == "from" || tag == "extends") return parse_load();
  if (tag == "autoescape") return parse_autoescape();
  if (tag == "break" || tag == "continue") return parse_loop_control();
  if (tag.starts_with("end") || tag == "else" || tag == "elif") fail_here(fmt::format("unexpected '{}'", tag));
  fail_here(fmt::format("unknown or unsupported tag '{}'", tag));
}

StmtPtr Parser::parse_if() {
  const size_t unknown = unknown_.size();
  auto branch = std::make_unique<Branch>(take().line);
  for (bool is_last = false; !is_last;) {
    ExprPtr condition = parse_tuple_or_one(false, false);
    branch->arms.emplace_back(std::move(condition), parse_branch_body({"elif", "else", "endif"}));
    const std::string end = take().text;
    if (end == "else") {
      branch->arms.emplace_back(nullptr, parse_branch_body({"endif"}));
      take();
    }
    is_last = end != "elif";
  }
  unknown_.resize(unknown, SyntaxError(0, ""));
  return branch;
}

StmtPtr Parser::parse_for() {
  const Nesting nesting(for_depth_);
  auto loop = std::make_unique<ForStmt>(take().line);
  loop->target = parse_target(false);
  if (!skip_name("in")) fail_expected("'in'");
  loop->over = parse_tuple_or_one(false, false);
  const size_t unknown = unknown_.size();
  if (skip_name("if")) loop->condition = parse_expression();
  settle_unknown(unknown);
  loop->is_recursive = skip_name("recursive");
  {
    const Nesting nesting(loop_depth_);
    loops_.push_back(loop.get());
    loop->body = parse_body({"endfor", "else"});
    loops_.pop_back();
  }
  if (take().text == "else") {
    loop->otherwise = parse_body({"endfor"});
    take();
  }
  return loop;
}

StmtPtr Parser::parse_set() {
  const int line = take().line;
  Target target = parse_target(true);
  if (skip_sign("=")) {
    auto set = std::make_unique<SetStmt>(line);
    set->target = std::move(target);
    set->value = parse_tuple_or_one(true, false);
    return set;
  }
  auto set = std::make_unique<SetBlock>(line);
  set->target = std::move(target);
  const size_t unknown = unknown_.size();
  while (skip_sign("|")) set->filter = parse_filter(std::move(set->filter));
  settle_unknown(unknown);
  set->body = parse_body({"endset"});
  take();
  return set;
}

void Parser::parse_parameters(MacroStmt& macro) {
  expect_sign("(");
  while (!sees_sign(")")) {
    if (!macro.parameters.empty()) expect_sign(",");
    const std::string name = expect_name();
    if (is_reserved(name)) fail_here(fmt::format("'{}' cannot be a parameter", name));
    Parameter parameter{intern(name), nullptr};
    const bool is_twice = std::any_of(macro.parameters.begin(), macro.parameters.end(),
                                      [&](const Parameter& other) { return other.id == parameter.id; });
    if (is_twice) fail_here(fmt::format("the parameter '{}' is there twice", name));
    if (skip_sign("=")) {
      parameter.fallback = parse_expression();
    } else if (!macro.parameters.empty() && macro.parameters.back().fallback) {
      fail_here(fmt::format("parameter '{}' needs a default because the one before has one", name));
    }
    macro.parameters.push_back(std::move(parameter));
  }
  expect_sign(")");
}

// A body that `break` and `continue` cannot leave.
Block Parser::parse_body_of_its_own(const std::vector<std::string_view>& ends) {
  const int outer_loops = std::exchange(loop_depth_, 0);
  Block body = parse_body(ends);
  loop_depth_ = outer_loops;
  return body;
}

void Parser::parse_macro_body(MacroStmt& macro, std::string_view end) {
  macros_.push_back(&macro);
  macro.body = parse_body_of_its_own({end});
  macros_.pop_back();
  for (const Parameter& parameter : macro.parameters) {
    const bool is_caller = macro.uses_caller && parameter.id == intern("caller");
    if (is_caller && !parameter.fallback) fail_here("the parameter 'caller' needs a default");
    macro.uses_varargs &= parameter.id != intern("varargs");
    macro.uses_kwargs &= parameter.id != intern("kwargs");
  }
  take();
}

StmtPtr Parser::parse_macro() {
  auto macro = std::make_unique<MacroStmt>(take().line);
  macro->name = expect_name();
  if (is_reserved(macro->name)) fail_here(fmt::format("'{}' cannot be the name of a macro", macro->name));
  macro->id = intern(macro->name);
  parse_parameters(*macro);
  parse_macro_body(*macro, "endmacro");
  return macro;
}

StmtPtr Parser::parse_call_block() {
  auto block = std::make_unique<CallBlock>(take().line);
  block->caller = std::make_unique<MacroStmt>(block->line);
  if (sees_sign("(")) parse_parameters(*block->caller);
  block->call = parse_expression();
  if (block->call->kind != ExprKind::call) throw SyntaxError(block->line, "expected a call after 'call'");
  parse_macro_body(*block->caller, "endcall");
  return block;
}

StmtPtr Parser::parse_filter_block() {
  auto block = std::make_unique<FilterBlock>(take().line);
  const size_t unknown = unknown_.size();
  do {
    block->filter = parse_filter(std::move(block->filter));
  } while (skip_sign("|"));
  settle_unknown(unknown);
  block->body = parse_body({"endfilter"});
  take();
  return block;
}

StmtPtr Parser::parse_with() {
  auto with = std::make_unique<WithStmt>(take().line);
  while (current().kind != TokenKind::block_end) {
    if (!with->bindings.empty()) expect_sign(",");
    Target target = parse_target(false);
    expect_sign("=");
    with->bindings.emplace_back(std::move(target), parse_expression());
  }
  with->body = parse_body({"endwith"});
  take();
  return with;
}

StmtPtr Parser::parse_generation() {
  auto scope = std::make_unique<BodyStmt>(StmtKind::scope, take().line);
  scope->body = parse_body_of_its_own({"endgeneration"});
  take();
  return scope;
}

StmtPtr Parser::parse_print_tag() {
  auto print = std::make_unique<BodyStmt>(StmtKind::scope, take().line);
  while (current().kind != TokenKind::block_end) {
    if (!print->body.empty()) expect_sign(",");
    print->body.push_back(std::make_unique<ExprStmt>(StmtKind::print, parse_expression(), print->line));
  }
  return print;
}

StmtPtr Parser::parse_named_block() {
  auto block = std::make_unique<NamedBlock>(take().line);
  block->name = expect_name();
  block->is_scoped = skip_name("scoped");
  block->is_required = skip_name("required");
  if (!program_.blocks.try_emplace(block->name, block.get()).second) {
    fail_here(fmt::format("the block '{}' is defined twice", block->name));
  }
  block->body = parse_body_of_its_own({"endblock"});
  take();
  skip_name(block->name);
  return block;
}

// Reads the tag as it would be read if there were something to load.
StmtPtr Parser::parse_load() {
  const Token& tag = take();
  auto load = std::make_unique<LoadStmt>(tag.text, tag.line);
  parse_expression();
  if (tag.text == "include" && skip_name("ignore") && !skip_name("missing")) fail_expected("'missing'");
  if (tag.text == "import") {
    if (!skip_name("as")) fail_expected("'as'");
    expect_name();
  }
  if (tag.text == "from") {
    if (!skip_name("import")) fail_expected("'import'");
    do {
      expect_name();
      if (skip_name("as")) expect_name();
    } while (skip_sign(","));
  }
  if (tag.text != "extends" && (skip_name("with") || skip_name("without")) && !skip_name("context")) {
    fail_expected("'context'");
  }
  return load;
}

StmtPtr Parser::parse_autoescape() {
  auto scope = std::make_unique<BodyStmt>(StmtKind::scope, take().line);
  const ExprPtr value = parse_expression();
  const bool is_off = value->kind == ExprKind::constant && !static_cast<const Constant&>(*value).value.is_true();
  if (!is_off) fail_here("autoescape is supported with false only: a prompt is no HTML");
  scope->body = parse_body({"endautoescape"});
  take();
  return scope;
}

StmtPtr Parser::parse_do() {
  const int line = take().line;
  return std::make_unique<ExprStmt>(StmtKind::run, parse_tuple_or_one(true, false), line);
}

StmtPtr Parser::parse_loop_control() {
  if (loop_depth_ == 0) fail_here(fmt::format("'{}' outside of a loop", current().text));
  const Token& token = take();
  return std::make_unique<Stmt>(token.text == "break" ? StmtKind::leave : StmtKind::skip, token.line);
}

Target Parser::parse_target_part(bool allows_fields) {
  const Nesting nesting(expression_depth_);
  if (expression_depth_ > kExpressionDepthMax) fail_here("an assignment nests too deeply");
  Target target;
  target.line = current().line;
  if (skip_sign("(")) {
    target = parse_target(allows_fields);
    expect_sign(")");
    return target;
  }
  const std::string name = expect_name();
  if (is_reserved(name)) fail_here(fmt::format("cannot assign to '{}'", name));
  if (name == "loop" && for_depth_ > 0 && !sees_sign(".")) fail_here("cannot assign to 'loop' in a for");
  target.id = intern(name);
  if (allows_fields && skip_sign(".")) target.attribute = expect_name();
  return target;
}

Target Parser::parse_target(bool allows_fields) {
  Target first = parse_target_part(allows_fields);
  if (!sees_sign(",")) return first;
  Target target;
  target.is_tuple = true;
  target.line = first.line;
  target.parts.push_back(std::move(first));
  while (skip_sign(",")) {
    if (current().kind == TokenKind::block_end || sees_sign(")")) break;
    target.parts.push_back(parse_target_part(allows_fields));
  }
  return target;
}

}  // namespace estoc::jinja
