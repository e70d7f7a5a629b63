#include "jinja/evaluator.h"

#include "jinja/failure.h"
#include "jinja/iteration.h"
#include "jinja/limits.h"
#include "jinja/object.h"
#include "jinja/printing.h"

namespace estoc::jinja {

Evaluator::Evaluator(const Program& program, Values context, int64_t now)
    : program_(program), context_(std::move(context)), now_(now) {}

// Oldest first: a chain of scopes that hold each other through macros then comes apart one link at a time.
Evaluator::~Evaluator() {
  for (const ScopePtr& scope : captured_scopes_) scope->values.clear();
  root_->values.clear();
  for (const auto& space : namespaces_) space->clear();
}

std::string Evaluator::run() {
  std::string out;
  out_ = &out;
  root_->set(program_.special.self, Value::object(std::make_shared<TemplateSelf>(program_)));
  run_block(program_.body, root_);
  return out;
}

void Evaluator::charge(uint64_t steps) {
  if (steps > kStepsMax - steps_) stop("the template runs for more than {} steps", kStepsMax);
  steps_ += steps;
}

// Looking a character up costs more than copying it, and more again beyond ASCII.
void Evaluator::charge_characters(const Value& text) {
  const size_t length = text.text().length;
  charge(length == text.bytes().size() ? length / 8 : length);
}

void Evaluator::charge_bytes(size_t bytes) {
  if (bytes > kTotalBytesMax - bytes_) stop("the template makes more than {} bytes", kTotalBytesMax);
  bytes_ += bytes;
}

void Evaluator::charge_made(const Value& value) {
  if (value.is_string()) charge_bytes(value.bytes().size());
  if (value.is_sequence()) charge_bytes(value.sequence().items.size() * 64);
  if (value.is_dict()) charge_bytes(value.dict().size() * 256);
}

std::string Evaluator::text_of(const Value& value) {
  charge_walk(value);
  std::string text = to_text(value);
  charge_bytes(text.size());
  return text;
}

void Evaluator::keep(std::shared_ptr<Namespace> space) {
  charge_bytes(512);
  namespaces_.push_back(std::move(space));
}

Value Evaluator::look_up(NameId id, const ScopePtr& scope) const {
  if (const Value* value = scope->find(id)) return *value;
  const auto index = static_cast<size_t>(id);
  if (!context_[index].is_undefined()) return context_[index];
  if (!program_.globals[index].is_undefined()) return program_.globals[index];
  return Value::undefined("'" + program_.names[index] + "' is undefined");
}

Value Evaluator::attribute_of(const Value& value, std::string_view name) {
  if (value.is_undefined()) stop("{}", value.undefined_reason());
  if (const Method method = find_method(value, name)) {
    return Value::object(std::make_shared<BoundMethod>(value, std::string(name), method));
  }
  if (is_forbidden_method(value, name)) {
    return Value::undefined(
        fmt::format("'{}' of '{}' changes the value, which templates may not", name, value.type_name()));
  }
  if (value.is_dict()) {
    if (const Value* item = value.dict().find(name)) return *item;
  } else if (auto attribute = find_attribute(value, name)) {
    return *attribute;
  }
  return Value::undefined(fmt::format("'{} object' has no attribute '{}'", value.type_name(), name));
}

Value Evaluator::item_or_attribute(const Value& value, const Value& key) {
  charge(1 + (value.is_string() ? value.bytes().size() / 64 : 0));
  if (auto item = item_of(value, key)) return *item;
  if (key.is_string()) return attribute_of(value, key.bytes());
  return Value::undefined(fmt::format("'{} object' has no element {}", value.type_name(), to_text(key)));
}

Value Evaluator::call(const Value& callee, Arguments& arguments) {
  if (callee.is_undefined()) stop("{}", callee.undefined_reason());
  if (!callee.is_object()) stop("'{}' object is not callable", callee.type_name());
  const Value::ObjectPtr object = callee.object();  // alive even when the call replaces its last name
  return object->call(*this, arguments);
}

Value Evaluator::filtered(std::string_view name, const Value& value, Arguments& arguments) {
  const Filter filter = find_filter(name);
  if (!filter) stop("no filter named '{}'", name);
  charge(1);
  return filter(*this, value, arguments);
}

bool Evaluator::tested(std::string_view name, const Value& value, Arguments& arguments) {
  const Predicate predicate = find_predicate(name);
  if (!predicate) stop("no test named '{}'", name);
  charge(1);
  return predicate(*this, value, arguments);
}

}  // namespace estoc::jinja
