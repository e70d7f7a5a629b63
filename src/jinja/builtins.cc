#include "jinja/builtins.h"

#include <algorithm>

#include "jinja/evaluator.h"
#include "jinja/failure.h"
#include "jinja/literals.h"
#include "jinja/text_operations.h"
#include "jinja/unicode.h"

namespace estoc::jinja {

Filter find_filter(std::string_view name) {
  for (const FilterTable* table : {&text_filters(), &value_filters(), &item_filters(), &selection_filters()}) {
    const auto place = table->find(name);
    if (place != table->end()) return place->second;
  }
  return nullptr;
}

const char* why_refused(std::string_view filter) {
  if (filter == "random") return "its result differs from run to run";
  if (filter == "urlize" || filter == "wordwrap") return "it lays out pages, which is nothing for a prompt";
  return nullptr;
}

Bound::Bound(const char* what, const Arguments& arguments, std::initializer_list<const char*> names, size_t required)
    : what_(what), names_(names), values_(names.size()) {
  if (names_.empty() && !(arguments.positional.empty() && arguments.keyword.empty()))
    stop("{} takes no argument", what);
  if (arguments.positional.size() > names_.size()) {
    stop("{} takes at most {} arguments, got {}", what, names_.size(), arguments.positional.size());
  }
  for (size_t i = 0; i < arguments.positional.size(); ++i) values_[i] = &arguments.positional[i];
  for (const auto& [name, value] : arguments.keyword) {
    const auto place = std::find(names_.begin(), names_.end(), name);
    if (place == names_.end()) stop("{} has no argument '{}'", what, name);
    const Value*& slot = values_[static_cast<size_t>(place - names_.begin())];
    if (slot) stop("{} got the argument '{}' twice", what, name);
    slot = &value;
  }
  for (size_t i = 0; i < required; ++i) {
    if (!values_[i]) stop("{} needs the argument '{}'", what, names_[i]);
  }
}

Bound Bound::by_position(const char* what, const Arguments& arguments, std::initializer_list<const char*> names,
                         size_t required) {
  if (!arguments.keyword.empty()) stop("{} takes no keyword arguments", what);
  return Bound(what, arguments, names, required);
}

int64_t Bound::integer(size_t i, int64_t fallback) const {
  if (!values_[i]) return fallback;
  if (!values_[i]->is_integral()) stop("{}: '{}' is an int, not {}", what_, names_[i], values_[i]->type_name());
  return values_[i]->as_integer();
}

bool Bound::truth(size_t i, bool fallback) const { return values_[i] ? values_[i]->is_true() : fallback; }

bool Bound::flag(size_t i, bool fallback) const { return integer(i, fallback ? 1 : 0) != 0; }

std::string Bound::text(size_t i, std::string_view fallback) const {
  if (!values_[i]) return std::string(fallback);
  if (!values_[i]->is_string()) stop("{}: '{}' is a string, not {}", what_, names_[i], values_[i]->type_name());
  return values_[i]->bytes();
}

const Value* Bound::find(size_t i) const { return values_[i] && !values_[i]->is_none() ? values_[i] : nullptr; }

Value without_case(const Value& value) { return value.is_string() ? Value::string(to_lower(value.bytes())) : value; }

ItemKey::ItemKey(Evaluator& evaluator, const Value* attribute, bool ignores_case, const Value* fallback)
    : evaluator_(evaluator), ignores_case_(ignores_case) {
  if (fallback) fallback_ = *fallback;
  if (!attribute || attribute->is_none()) return;
  if (!attribute->is_string()) {
    path_.push_back(*attribute);
    return;
  }
  const std::string dot = ".";
  for (const std::string& part : split(attribute->bytes(), &dot, -1, false)) {
    const bool is_index =
        !part.empty() && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
    path_.push_back(is_index ? Value::integer(parse_integer(part)) : Value::string(part));
  }
}

Value ItemKey::of(const Value& item) const {
  Value value = item;
  for (const Value& step : path_) {
    value = evaluator_.item_or_attribute(value, step);
    if (fallback_ && value.is_undefined()) value = *fallback_;
  }
  evaluator_.charge(1);
  if (ignores_case_ && value.is_string()) evaluator_.charge_characters(value);
  return ignores_case_ ? without_case(value) : value;
}

}  // namespace estoc::jinja
