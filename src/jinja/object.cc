#include "jinja/object.h"

#include <algorithm>

#include "jinja/builtins.h"
#include "jinja/evaluator.h"
#include "jinja/failure.h"
#include "jinja/operators.h"
#include "jinja/printing.h"

namespace estoc::jinja {
namespace {

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

}  // namespace

std::string Object::print() const { return fmt::format("<{}>", type_name()); }

Value Object::call(Evaluator&, Arguments&) { stop("'{}' object is not callable", type_name()); }

std::optional<Value> Object::attribute(std::string_view) const { return std::nullopt; }

std::string Namespace::print() const {
  std::string out = "<Namespace {";
  for (const auto& [name, value] : fields_.entries()) {
    if (out.back() != '{') out += ", ";
    const bool is_space = value.is_object();  // a namespace may hold itself
    out += repr(name) + ": " + (is_space ? std::string("<Namespace {...}>") : repr(value));
  }
  return out + "}>";
}

std::optional<Value> Namespace::attribute(std::string_view name) const {
  const Value* field = fields_.find(name);
  return field ? std::optional(*field) : std::nullopt;
}

void Namespace::set(const Value& name, Value value) {
  if (name.is_string() && name.bytes().starts_with('_')) {
    stop("a namespace cannot store '{}': names with a leading underscore are reserved", name.bytes());
  }
  fields_.set(name, std::move(value));
}

std::string Function::print() const { return fmt::format("<function {}>", name_); }

std::optional<Value> Function::attribute(std::string_view name) const { return find_function_attribute(name_, name); }

std::optional<Value> Cycler::attribute(std::string_view name) const {
  if (name == "current") return items_.sequence().items[at_];
  if (name == "items") return items_;
  if (name == "pos") return Value::integer(static_cast<int64_t>(at_));
  return std::nullopt;
}

Value Cycler::next() {
  const Values& items = items_.sequence().items;
  const Value current = items[at_];
  at_ = (at_ + 1) % items.size();
  return current;
}

std::optional<Value> Joiner::attribute(std::string_view name) const {
  if (name == "sep") return separator_;
  if (name == "used") return Value::boolean(is_used_);
  return std::nullopt;
}

Value Joiner::call(Evaluator&, Arguments& arguments) {
  if (!arguments.positional.empty() || !arguments.keyword.empty()) stop("a joiner is called without arguments");
  if (is_used_) return separator_;
  is_used_ = true;
  return Value::string("");
}

std::string Loop::print() const { return fmt::format("<LoopContext {}/{}>", index0_ + 1, size()); }

Value Loop::call(Evaluator& evaluator, Arguments& arguments) {
  if (!stmt_.is_recursive) stop("the loop must be marked 'recursive' to be called");
  const Bound bound("loop()", arguments, {"iterable"}, 1);
  return evaluator.run_loop_again(stmt_, scope_, bound.at(0), loop_depth_ + 1);
}

Value Loop::neighbour(int64_t at, const char* reason) const {
  if (at < 0 || at >= size()) return Value::undefined(reason);
  return items_->items[static_cast<size_t>(at)];
}

std::optional<Value> Loop::attribute(std::string_view name) const {
  if (name == "index") return Value::integer(index0_ + 1);
  if (name == "index0") return Value::integer(index0_);
  if (name == "first") return Value::boolean(index0_ == 0);
  if (name == "last") return Value::boolean(index0_ + 1 == size());
  if (name == "length") return Value::integer(size());
  if (name == "revindex") return Value::integer(size() - index0_);
  if (name == "revindex0") return Value::integer(size() - index0_ - 1);
  if (name == "depth") return Value::integer(loop_depth_ + 1);
  if (name == "depth0") return Value::integer(loop_depth_);
  if (name == "previtem") return neighbour(index0_ - 1, "there is no previous item");
  if (name == "nextitem") return neighbour(index0_ + 1, "there is no next item");
  return std::nullopt;
}

Value Loop::cycled(const Values& values) const {
  if (values.empty()) stop("no items for cycling given");
  return values[static_cast<size_t>(index0_) % values.size()];
}

bool Loop::has_changed(Values values) {
  const bool is_equal_to_last =
      last_seen_ && std::equal(last_seen_->begin(), last_seen_->end(), values.begin(), values.end(), is_equal);
  if (is_equal_to_last) return false;
  last_seen_ = std::move(values);
  return true;
}

std::string Macro::print() const { return stmt_.name.empty() ? "<Macro anonymous>" : "<Macro '" + stmt_.name + "'>"; }

Value Macro::call(Evaluator& evaluator, Arguments& arguments) { return evaluator.run_macro(stmt_, scope_, arguments); }

std::optional<Value> Macro::attribute(std::string_view name) const {
  if (name == "name") return stmt_.name.empty() ? Value::none() : Value::string(stmt_.name);
  if (name == "arguments") return Value::tuple(argument_names_);
  if (name == "catch_kwargs") return Value::boolean(stmt_.uses_kwargs);
  if (name == "catch_varargs") return Value::boolean(stmt_.uses_varargs);
  if (name == "caller") return Value::boolean(stmt_.uses_caller);
  return std::nullopt;
}

std::optional<Value> TemplateSelf::attribute(std::string_view name) const {
  if (!program_.blocks.contains(std::string(name))) return std::nullopt;
  return Value::object(std::make_shared<BlockReference>(std::string(name)));
}

}  // namespace estoc::jinja
