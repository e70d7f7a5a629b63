// `self` in a template: its blocks by name, as functions that give their text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "jinja/evaluator.h"
#include "jinja/failure.h"

namespace estoc::jinja {

class BlockReference : public Object {
 public:
  explicit BlockReference(std::string name) : name_(std::move(name)) {}
  const char* type_name() const override { return "BlockReference"; }
  bool is_callable() const override { return true; }
  Value call(Evaluator& evaluator, Arguments& arguments) override {
    if (!arguments.positional.empty() || !arguments.keyword.empty()) stop("a block is called without arguments");
    return evaluator.block_text(name_);
  }

 private:
  const std::string name_;
};

class TemplateSelf : public Object {
 public:
  explicit TemplateSelf(const Program& program) : program_(program) {}
  const char* type_name() const override { return "TemplateReference"; }
  std::string print() const override { return "<TemplateReference None>"; }
  std::optional<Value> attribute(std::string_view name) const override {
    if (!program_.blocks.contains(std::string(name))) return std::nullopt;
    return Value::object(std::make_shared<BlockReference>(std::string(name)));
  }

 private:
  const Program& program_;
};

}  // namespace estoc::jinja
