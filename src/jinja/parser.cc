#include "jinja/parser.h"

#include <fmt/format.h>

namespace estoc::jinja {

Program parse_template(std::string_view source) { return Parser(source).run(); }

Parser::Parser(std::string_view source) : tokens_(tokenize(source)) {}

Program Parser::run() {
  program_.body = parse_block({});
  settle_unknown(0);
  program_.special = {intern("loop"), intern("caller"), intern("varargs"), intern("kwargs"), intern("self")};
  program_.globals.reserve(program_.names.size());
  for (const std::string& name : program_.names) program_.globals.push_back(find_global(name));
  return std::move(program_);
}

const Token& Parser::take() {
  const Token& token = tokens_[at_];
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool Parser::sees_sign(std::string_view sign) const {
  return current().kind == TokenKind::sign && current().text == sign;
}

bool Parser::sees_name(std::string_view name) const {
  return current().kind == TokenKind::name && current().text == name;
}

bool Parser::skip_sign(std::string_view sign) {
  if (!sees_sign(sign)) return false;
  take();
  return true;
}

bool Parser::skip_name(std::string_view name) {
  if (!sees_name(name)) return false;
  take();
  return true;
}

const Token& Parser::expect_sign(std::string_view sign) {
  if (!sees_sign(sign)) fail_expected(fmt::format("'{}'", sign));
  return take();
}

std::string Parser::expect_name() {
  if (current().kind != TokenKind::name) fail_expected("a name");
  return take().text;
}

void Parser::expect(TokenKind kind, std::string_view what) {
  if (current().kind != kind) fail_expected(fmt::format("'{}'", what));
  take();
}

void Parser::fail_here(const std::string& message) const { throw SyntaxError(current().line, message); }

void Parser::fail_expected(std::string_view what) const {
  const Token& token = current();
  const bool is_end = token.kind == TokenKind::end;
  fail_here(fmt::format("expected {}, got {}", what, is_end ? "the end of the template" : "'" + token.text + "'"));
}

void Parser::note_unknown(std::string_view kind, const std::string& name) {
  unknown_.emplace_back(current().line, fmt::format("no {} named '{}'", kind, name));
}

void Parser::settle_unknown(size_t from) {
  if (from < unknown_.size()) throw unknown_[from];
}

NameId Parser::intern(const std::string& name) {
  const auto [place, is_new] = name_ids_.try_emplace(name, static_cast<NameId>(program_.names.size()));
  if (is_new) program_.names.push_back(name);
  return place->second;
}

void Parser::note_use(std::string_view name) {
  if (name == "loop") {
    for (ForStmt* loop : loops_) loop->uses_loop = true;
  }
  for (MacroStmt* macro : macros_) {
    macro->uses_varargs |= name == "varargs";
    macro->uses_kwargs |= name == "kwargs";
    macro->uses_caller |= name == "caller";
  }
}

}  // namespace estoc::jinja
