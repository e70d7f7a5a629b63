// A method together with the value it is of: `text.strip` before it is called.
#pragma once

#include <string>
#include <utility>

#include "jinja/builtins.h"
#include "jinja/object.h"

namespace estoc::jinja {

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

}  // namespace estoc::jinja
