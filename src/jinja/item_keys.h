// What filters such as sort, map and selectattr look at in each item: an attribute path, perhaps without letter case.
// Errors: Failure.
#pragma once

#include <optional>
#include <vector>

#include "jinja/evaluator.h"

namespace estoc::jinja {

class ItemKey {
 public:
  // `attribute` is a name, a dotted path or an index; null or none means the item itself.
  ItemKey(Evaluator& evaluator, const Value* attribute, bool ignores_case, const Value* fallback = nullptr);
  Value of(const Value& item) const;

 private:
  Evaluator& evaluator_;
  Values path_;
  bool ignores_case_;
  std::optional<Value> fallback_;
};

Value without_case(const Value& value);  // a lower-cased string; anything else as it is

}  // namespace estoc::jinja
