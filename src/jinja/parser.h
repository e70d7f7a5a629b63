// Tokens to tree: recursive descent over the grammar of Jinja 3.1 (https://jinja.palletsprojects.com, template
// documentation), with Hugging Face's `generation` tag and the loop control and `do` extensions.
//
// Errors: SyntaxError with the line; nesting is bounded by limits.h.
// Internal to jinja/.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "jinja/ast.h"
#include "jinja/lexer.h"

namespace estoc::jinja {

Program parse_template(std::string_view source);

class Parser {
 public:
  explicit Parser(std::string_view source);
  Program run();

 private:
  // Tokens.
  const Token& current() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  const Token& take();
  bool sees_sign(std::string_view sign) const;
  bool sees_name(std::string_view name) const;
  bool skip_sign(std::string_view sign);
  bool skip_name(std::string_view name);
  const Token& expect_sign(std::string_view sign);
  std::string expect_name();
  void expect(TokenKind kind, std::string_view what);
  [[noreturn]] void fail_here(const std::string& message) const;
  [[noreturn]] void fail_expected(std::string_view what) const;
  NameId intern(const std::string& name);
  void note_use(std::string_view name);

  // Filters and tests that do not exist are an error here, unless an `if` decides whether they are reached: then they
  // are one when they are. They are collected until that is known; a body that is no `if`'s settles its own.
  void settle_unknown(size_t from);  // throws SyntaxError for the first one from there on
  void note_unknown(std::string_view kind, const std::string& name);

  // Statements (parse_statements.cc).
  Block parse_block(const std::vector<std::string_view>& ends);
  void parse_print(Block& block);
  StmtPtr parse_statement();
  StmtPtr parse_if();
  StmtPtr parse_for();
  StmtPtr parse_set();
  StmtPtr parse_macro();
  StmtPtr parse_call_block();
  StmtPtr parse_filter_block();
  StmtPtr parse_with();
  StmtPtr parse_generation();
  StmtPtr parse_do();
  StmtPtr parse_loop_control();
  StmtPtr parse_print_tag();
  StmtPtr parse_named_block();
  StmtPtr parse_load();
  StmtPtr parse_autoescape();
  Block parse_body(const std::vector<std::string_view>& ends);
  Block parse_branch_body(const std::vector<std::string_view>& ends);
  Block parse_body_of_its_own(const std::vector<std::string_view>& ends);
  void parse_macro_body(MacroStmt& macro, std::string_view end);
  void parse_parameters(MacroStmt& macro);
  Target parse_target(bool allows_fields);
  Target parse_target_part(bool allows_fields);

  // Expressions (parse_expressions.cc; from parse_postfix on in parse_postfix.cc).
  ExprPtr parse_tuple_or_one(bool allows_conditional, bool is_parenthesized);
  ExprPtr parse_expression(bool allows_conditional = true);
  ExprPtr parse_conditional();
  ExprPtr parse_or();
  ExprPtr parse_and();
  ExprPtr parse_not();
  ExprPtr parse_compare();
  ExprPtr parse_sum();
  ExprPtr parse_concat();
  ExprPtr parse_product();
  ExprPtr parse_power();
  ExprPtr parse_unary(bool with_filters);
  ExprPtr parse_primary();
  ExprPtr parse_name_or_literal();
  ExprPtr parse_string();
  ExprPtr parse_list();
  ExprPtr parse_dict();
  ExprPtr parse_postfix(ExprPtr of);
  ExprPtr parse_filters_and_tests(ExprPtr of);
  ExprPtr parse_subscript(ExprPtr of);
  ExprPtr parse_bracketed(ExprPtr of, int line);
  ExprPtr parse_slice(ExprPtr of, ExprPtr start, int line);
  ExprPtr parse_call(ExprPtr callee);
  ExprPtr parse_filter(ExprPtr of);
  ExprPtr parse_test(ExprPtr of);
  std::string parse_dotted_name();
  void parse_arguments(CallArguments& arguments, Expr& owner);
  void adopt(Expr& parent, const ExprPtr& child) const;  // the parent's depth covers the child's
  ExprPtr make_pair(ExprKind kind, ExprPtr left, ExprPtr right, int line) const;
  ExprPtr make_arithmetic(Arithmetic operation, ExprPtr left, ExprPtr right, int line) const;

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int expression_depth_ = 0;
  int statement_depth_ = 0;
  int loop_depth_ = 0;              // loops that break and continue would leave
  int for_depth_ = 0;               // for tags that are open, whatever is in between
  std::vector<MacroStmt*> macros_;  // being parsed, innermost last
  std::vector<ForStmt*> loops_;     // whose bodies are being parsed
  std::unordered_map<std::string, NameId> name_ids_;
  std::vector<SyntaxError> unknown_;
  Program program_;
};

}  // namespace estoc::jinja
