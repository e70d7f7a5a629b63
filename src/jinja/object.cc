#include "jinja/object.h"

#include "jinja/builtins.h"
#include "jinja/failure.h"
#include "jinja/printing.h"

namespace estoc::jinja {

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

}  // namespace estoc::jinja
