// A macro as a value: its definition and the scope it was written in. The definition outlives every rendering.
#pragma once

#include "jinja/evaluator.h"

namespace estoc::jinja {

class Macro : public Object {
 public:
  Macro(const MacroStmt& stmt, ScopePtr scope, Values argument_names)
      : stmt_(stmt), scope_(std::move(scope)), argument_names_(std::move(argument_names)) {}
  const char* type_name() const override { return "Macro"; }
  std::string print() const override {
    return stmt_.name.empty() ? "<Macro anonymous>" : "<Macro '" + stmt_.name + "'>";
  }
  bool is_callable() const override { return true; }
  Value call(Evaluator& evaluator, Arguments& arguments) override {
    return evaluator.run_macro(stmt_, scope_, arguments);
  }
  std::optional<Value> attribute(std::string_view name) const override {
    if (name == "name") return stmt_.name.empty() ? Value::none() : Value::string(stmt_.name);
    if (name == "arguments") return Value::tuple(argument_names_);
    if (name == "catch_kwargs") return Value::boolean(stmt_.uses_kwargs);
    if (name == "catch_varargs") return Value::boolean(stmt_.uses_varargs);
    if (name == "caller") return Value::boolean(stmt_.uses_caller);
    return std::nullopt;
  }

 private:
  const MacroStmt& stmt_;
  const ScopePtr scope_;
  const Values argument_names_;
};

}  // namespace estoc::jinja
