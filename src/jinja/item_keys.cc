#include "jinja/item_keys.h"

#include <algorithm>

#include "jinja/literals.h"
#include "jinja/text_operations.h"
#include "jinja/unicode.h"

namespace estoc::jinja {

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
