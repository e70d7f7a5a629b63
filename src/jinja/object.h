// Values with behaviour: namespaces, functions, methods, cyclers, joiners, loops, macros, blocks.
//
// One rendering owns them (functions among the globals are immutable and shared by all). What they hold of the tree of
// the template outlives every rendering. Errors: Failure.
// Internal to jinja/.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "jinja/value.h"

namespace estoc::jinja {

class Evaluator;
struct ForStmt;
struct MacroStmt;
struct Program;
struct Scope;
using ScopePtr = std::shared_ptr<Scope>;

// What a call passes, in order.
struct Arguments {
  Values positional;
  std::vector<std::pair<std::string, Value>> keyword;
};

class Object {
 public:
  Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  virtual ~Object() = default;

  virtual const char* type_name() const = 0;
  virtual std::string print() const;
  virtual bool is_callable() const { return false; }
  virtual Value call(Evaluator& evaluator, Arguments& arguments);
  // Nothing when there is no such attribute.
  virtual std::optional<Value> attribute(std::string_view name) const;
  virtual int depth() const { return 0; }
  virtual std::optional<int64_t> length() const { return std::nullopt; }  // len(), where there is one
};

// namespace(): the one thing a template may write to. The rendering clears it at its end, so cycles cannot leak.
class Namespace : public Object {
 public:
  const char* type_name() const override { return "Namespace"; }
  std::string print() const override;
  std::optional<Value> attribute(std::string_view name) const override;
  void set(const Value& name, Value value);
  void clear() { fields_ = Dict(); }

 private:
  Dict fields_;
};

using NativeFunction = Value (*)(Evaluator&, Arguments&);

// A function of ours under a name: range, dict, raise_exception.
class Function : public Object {
 public:
  Function(const char* name, NativeFunction function) : name_(name), function_(function) {}
  const char* type_name() const override { return "function"; }
  std::string print() const override;
  bool is_callable() const override { return true; }
  Value call(Evaluator& evaluator, Arguments& arguments) override { return function_(evaluator, arguments); }
  std::optional<Value> attribute(std::string_view name) const override;

 private:
  const char* name_;
  NativeFunction function_;
};

using Method = Value (*)(Evaluator&, const Value& of, Arguments&);

// A method together with the value it is of: `text.strip` before it is called.
class BoundMethod : public Object {
 public:
  BoundMethod(Value of, std::string name, Method method)
      : of_(std::move(of)), name_(std::move(name)), method_(method) {}
  const char* type_name() const override { return "builtin_function_or_method"; }
  std::string print() const override { return "<built-in method " + name_ + ">"; }
  bool is_callable() const override { return true; }
  Value call(Evaluator& evaluator, Arguments& arguments) override { return method_(evaluator, of_, arguments); }
  int depth() const override { return of_.depth() + 1; }

 private:
  Value of_;
  std::string name_;
  Method method_;
};

// cycler('a', 'b'): next(), current, reset().
class Cycler : public Object {
 public:
  explicit Cycler(Value items) : items_(std::move(items)) {}
  const char* type_name() const override { return "Cycler"; }
  std::optional<Value> attribute(std::string_view name) const override;
  int depth() const override { return items_.depth(); }
  Value next();
  void reset() { at_ = 0; }

 private:
  Value items_;  // a sequence, not empty
  size_t at_ = 0;
};

// joiner(', '): "" the first time it is called, then the separator.
class Joiner : public Object {
 public:
  explicit Joiner(Value separator) : separator_(std::move(separator)) {}
  const char* type_name() const override { return "Joiner"; }
  bool is_callable() const override { return true; }
  Value call(Evaluator& evaluator, Arguments& arguments) override;
  std::optional<Value> attribute(std::string_view name) const override;
  int depth() const override { return separator_.depth(); }

 private:
  Value separator_;
  bool is_used_ = false;
};

// `loop` inside a for: where the iteration is. Called, it runs the loop's body over other items (recursive loops).
class Loop : public Object {
 public:
  Loop(const ForStmt& stmt, ScopePtr scope, std::shared_ptr<const Sequence> items, int depth)
      : stmt_(stmt), scope_(std::move(scope)), items_(std::move(items)), loop_depth_(depth) {}

  void advance() { ++index0_; }

  const char* type_name() const override { return "LoopContext"; }
  std::string print() const override;
  bool is_callable() const override { return true; }
  Value call(Evaluator& evaluator, Arguments& arguments) override;
  std::optional<Value> attribute(std::string_view name) const override;
  int depth() const override { return items_->depth + 1; }
  std::optional<int64_t> length() const override { return size(); }

  Value cycled(const Values& values) const;
  bool has_changed(Values values);  // since it was last asked

 private:
  int64_t size() const { return static_cast<int64_t>(items_->items.size()); }
  Value neighbour(int64_t at, const char* reason) const;

  const ForStmt& stmt_;
  const ScopePtr scope_;  // where the loop is written
  const std::shared_ptr<const Sequence> items_;
  const int loop_depth_;  // 0 outside of recursion
  int64_t index0_ = -1;
  std::optional<Values> last_seen_;
};

// A macro: its definition and the scope it was written in.
class Macro : public Object {
 public:
  Macro(const MacroStmt& stmt, ScopePtr scope, Values argument_names)
      : stmt_(stmt), scope_(std::move(scope)), argument_names_(std::move(argument_names)) {}
  const char* type_name() const override { return "Macro"; }
  std::string print() const override;
  bool is_callable() const override { return true; }
  Value call(Evaluator& evaluator, Arguments& arguments) override;
  std::optional<Value> attribute(std::string_view name) const override;

 private:
  const MacroStmt& stmt_;
  const ScopePtr scope_;
  const Values argument_names_;
};

// `self`: the blocks of the template by name, each a function that gives the block's text.
class TemplateSelf : public Object {
 public:
  explicit TemplateSelf(const Program& program) : program_(program) {}
  const char* type_name() const override { return "TemplateReference"; }
  std::string print() const override { return "<TemplateReference None>"; }
  std::optional<Value> attribute(std::string_view name) const override;

 private:
  const Program& program_;
};

}  // namespace estoc::jinja
