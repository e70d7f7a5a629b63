// Values with behaviour: namespaces, macros, loops, functions, bound methods, cyclers, joiners.
//
// One rendering owns them (functions among the globals are immutable and shared by all). Errors: Failure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "jinja/dict.h"
#include "jinja/value.h"

namespace estoc::jinja {

class Evaluator;

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

}  // namespace estoc::jinja
