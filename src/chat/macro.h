// A macro as a value: its definition and the scope it was written in. The definition outlives every rendering.
#pragma once

#include "chat/evaluator.h"

namespace estoc::jinja {

class Macro : public Object {
 public:
  Macro(const MacroStmt& stmt, ScopePtr scope) : stmt_(stmt), scope_(std::move(scope)) {}
  const char* type_name() const override { return "Macro"; }
  std::string print() const override { return "<Macro '" + stmt_.name + "'>"; }
  bool is_callable() const override { return true; }
  Value call(Evaluator& evaluator, Arguments& arguments) override {
    return evaluator.run_macro(stmt_, scope_, arguments);
  }
  std::optional<Value> attribute(std::string_view name) const override {
    if (name == "name") return Value::string(stmt_.name);
    return std::nullopt;
  }

 private:
  const MacroStmt& stmt_;
  const ScopePtr scope_;
};

}  // namespace estoc::jinja
