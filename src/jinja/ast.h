// The tree of a compiled template. Built by the parser, then immutable and shared by every rendering.
//
// Names are numbers into Program::names. An expression knows the depth of its tree, which the parser bounds, so the
// evaluator and the destructors may recurse.
// Internal to jinja/.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "jinja/builtins.h"
#include "jinja/operators.h"
#include "jinja/value.h"

namespace estoc::jinja {

using NameId = int;

enum class ExprKind {
  constant,
  name,
  list,
  tuple,
  dict,
  negate,
  affirm,
  logical_not,
  arithmetic,
  logical_and,
  logical_or,
  concat,
  compare,
  conditional,
  attribute,
  item,
  slice,
  call,
  filter,
  test
};

struct Expr {
  Expr(ExprKind kind_, int line_) : kind(kind_), line(line_) {}
  virtual ~Expr() = default;
  ExprKind kind;
  int line;
  int depth = 1;
};
using ExprPtr = std::unique_ptr<Expr>;

struct Constant : Expr {
  Constant(Value value_, int line_) : Expr(ExprKind::constant, line_), value(std::move(value_)) {}
  Value value;
};

struct Name : Expr {
  Name(NameId id_, int line_) : Expr(ExprKind::name, line_), id(id_) {}
  NameId id;
};

// list, tuple, concat; dict as key, value, key, value; negate, affirm and logical_not of one; the two of and, or;
// conditional as condition, then, else (may be null); slice as value, start, stop, step (bounds may be null).
struct Compound : Expr {
  using Expr::Expr;
  std::vector<ExprPtr> parts;
};

struct ArithmeticExpr : Compound {
  ArithmeticExpr(Arithmetic operation_, int line_) : Compound(ExprKind::arithmetic, line_), operation(operation_) {}
  Arithmetic operation;
  bool negates_power = false;  // see Parser::make_arithmetic
};

enum class Comparison { equal, not_equal, less, less_equal, greater, greater_equal, in, not_in };

struct Compare : Compound {  // parts[0] signs[0] parts[1] signs[1] ...
  explicit Compare(int line_) : Compound(ExprKind::compare, line_) {}
  std::vector<Comparison> signs;
};

struct Attribute : Expr {
  Attribute(ExprPtr of_, std::string name_, int line_)
      : Expr(ExprKind::attribute, line_), of(std::move(of_)), name(std::move(name_)) {}
  ExprPtr of;
  std::string name;
};

struct Item : Expr {
  Item(ExprPtr of_, ExprPtr key_, int line_) : Expr(ExprKind::item, line_), of(std::move(of_)), key(std::move(key_)) {}
  ExprPtr of;
  ExprPtr key;
};

struct CallArguments {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<std::string, ExprPtr>> keyword;
  ExprPtr spread;          // *args
  ExprPtr keyword_spread;  // **kwargs
};

struct Call : Expr {
  explicit Call(int line_) : Expr(ExprKind::call, line_) {}
  ExprPtr callee;
  CallArguments arguments;
};

// `of | name(...)` and `of is name(...)`. A null function is an unknown name: an error when it is reached.
struct FilterExpr : Expr {
  explicit FilterExpr(int line_) : Expr(ExprKind::filter, line_) {}
  ExprPtr of;  // null in a filter block: the block's text
  std::string name;
  Filter filter = nullptr;
  CallArguments arguments;
};

struct TestExpr : Expr {
  explicit TestExpr(int line_) : Expr(ExprKind::test, line_) {}
  ExprPtr of;
  std::string name;
  Predicate predicate = nullptr;
  bool is_negated = false;
  CallArguments arguments;
};

// What a value is assigned to: a name, name.attribute of a namespace, or several of those.
struct Target {
  NameId id = -1;
  std::string attribute;      // not empty for a namespace's field
  std::vector<Target> parts;  // not empty, or is_tuple
  bool is_tuple = false;
  int line = 1;
};

enum class StmtKind {
  text,
  print,
  branch,
  loop,
  set,
  set_block,
  macro,
  call_block,
  filter_block,
  with,
  scope,
  leave,
  skip,
  run,
  named_block,
  load
};

struct Stmt {
  Stmt(StmtKind kind_, int line_) : kind(kind_), line(line_) {}
  virtual ~Stmt() = default;
  StmtKind kind;
  int line;
};
using StmtPtr = std::unique_ptr<Stmt>;
using Block = std::vector<StmtPtr>;

struct TextStmt : Stmt {
  TextStmt(std::string text_, int line_) : Stmt(StmtKind::text, line_), text(std::move(text_)) {}
  std::string text;
};

struct ExprStmt : Stmt {  // print and run (`do`)
  ExprStmt(StmtKind kind_, ExprPtr expr_, int line_) : Stmt(kind_, line_), expr(std::move(expr_)) {}
  ExprPtr expr;
};

struct Branch : Stmt {  // if, elif, else; the else has no condition
  explicit Branch(int line_) : Stmt(StmtKind::branch, line_) {}
  std::vector<std::pair<ExprPtr, Block>> arms;
};

struct ForStmt : Stmt {
  explicit ForStmt(int line_) : Stmt(StmtKind::loop, line_) {}
  Target target;
  ExprPtr over;
  ExprPtr condition;  // may be null
  bool is_recursive = false;
  bool uses_loop = false;  // whether the body says `loop`
  Block body;
  Block otherwise;
};

struct SetStmt : Stmt {
  explicit SetStmt(int line_) : Stmt(StmtKind::set, line_) {}
  Target target;
  ExprPtr value;
};

struct BodyStmt : Stmt {  // scope (`generation`)
  using Stmt::Stmt;
  Block body;
};

struct SetBlock : BodyStmt {
  explicit SetBlock(int line_) : BodyStmt(StmtKind::set_block, line_) {}
  Target target;
  ExprPtr filter;  // a FilterExpr chain whose innermost `of` is null; may be null
};

struct NamedBlock : BodyStmt {  // `block`: templates that extend this one would replace it; here it stands for itself
  explicit NamedBlock(int line_) : BodyStmt(StmtKind::named_block, line_) {}
  std::string name;
  bool is_scoped = false;  // whether the body sees the variables of where it stands
  bool is_required = false;
};

struct LoadStmt : Stmt {  // include, import, from, extends: there is nothing to load from
  LoadStmt(std::string tag_, int line_) : Stmt(StmtKind::load, line_), tag(std::move(tag_)) {}
  std::string tag;
};

struct FilterBlock : BodyStmt {
  explicit FilterBlock(int line_) : BodyStmt(StmtKind::filter_block, line_) {}
  ExprPtr filter;
};

struct WithStmt : BodyStmt {
  explicit WithStmt(int line_) : BodyStmt(StmtKind::with, line_) {}
  std::vector<std::pair<Target, ExprPtr>> bindings;
};

struct Parameter {
  NameId id;
  ExprPtr fallback;  // may be null
};

struct MacroStmt : BodyStmt {  // also the body of a call block
  explicit MacroStmt(int line_) : BodyStmt(StmtKind::macro, line_) {}
  std::string name;
  NameId id = -1;
  std::vector<Parameter> parameters;
  bool uses_varargs = false, uses_kwargs = false, uses_caller = false;
};

struct CallBlock : Stmt {
  explicit CallBlock(int line_) : Stmt(StmtKind::call_block, line_) {}
  std::unique_ptr<MacroStmt> caller;
  ExprPtr call;
};

// The few names the engine itself gives a meaning to.
struct SpecialNames {
  NameId loop = -1, caller = -1, varargs = -1, kwargs = -1, self = -1;
};

struct Program {
  Block body;
  std::unordered_map<std::string, const NamedBlock*> blocks;  // within body
  std::vector<std::string> names;
  std::vector<Value> globals;  // by name; undefined where there is none
  SpecialNames special;
};

}  // namespace estoc::jinja
