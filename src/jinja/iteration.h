// Python's iteration protocol and subscripts over values. Errors: Failure where Python has a TypeError.
// Internal to jinja/.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "jinja/value.h"

namespace estoc::jinja {

// The items a `for` sees: of a sequence, the keys of a dict, the characters of a string, nothing of undefined.
// All that a generator has left.
std::shared_ptr<const Sequence> iterate(const Value& value);

// The same one by one: a generator makes no more than are asked for.
class ItemReader {
 public:
  explicit ItemReader(const Value& value);
  explicit ItemReader(std::shared_ptr<const Sequence> items) : items_(std::move(items)) {}
  std::optional<Value> next();

 private:
  std::shared_ptr<const Sequence> items_;
  size_t at_ = 0;
};

// A generator whose items `begin` knows to make: it is called when the first one is asked for, and the function it
// gives once an item. What `begin` holds on to is told in `sources`.
using NextItem = std::function<std::optional<Value>()>;
Value lazily(std::function<NextItem()> begin, const Values& sources);
NextItem each_of(Values items);
bool is_iterable(const Value& value);

// len(); Failure for values without one.
int64_t length_of(const Value& value);

// value[key] without attributes; nothing where Python raises a LookupError or TypeError.
std::optional<Value> item_of(const Value& value, const Value& key);

// value[start:stop:step]; none bounds are open. Failure for values that have no slices and bounds that are no ints.
Value slice_of(const Value& value, const Value& start, const Value& stop, const Value& step);

}  // namespace estoc::jinja
