#include "chat/arguments.h"
#include "chat/arithmetic.h"
#include "chat/evaluator.h"
#include "chat/failure.h"
#include "chat/filter_tables.h"
#include "chat/iteration.h"
#include "chat/limits.h"
#include "chat/printing.h"
#include "chat/unicode.h"

namespace estoc::jinja {
namespace {

std::shared_ptr<const Sequence> items_of(Evaluator& evaluator, const Value& value) {
  auto items = iterate(value);
  evaluator.charge(items->items.size());
  return items;
}

Value first(Evaluator&, const Value& value, Arguments& arguments) {
  const Bound none("first", arguments, {});
  if (value.is_string() && !value.bytes().empty()) {
    return Value::string(value.bytes().substr(0, code_point_offset(value.bytes(), 1)));
  }
  const auto items = iterate(value);
  return items->items.empty() ? Value::undefined("no first item, the sequence was empty") : items->items.front();
}

Value last(Evaluator&, const Value& value, Arguments& arguments) {
  const Bound none("last", arguments, {});
  if (value.is_sequence(SequenceKind::generator)) stop("last: a generator has no last item; make it a list first");
  const auto items = iterate(value);
  return items->items.empty() ? Value::undefined("no last item, the sequence was empty") : items->items.back();
}

Value to_list(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound none("list", arguments, {});
  if (value.is_sequence(SequenceKind::list)) return value;
  return Value::list(items_of(evaluator, value)->items);
}

Value items(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound none("items", arguments, {});
  if (value.is_undefined()) return Value::sequence(SequenceKind::generator, {});
  if (!value.is_dict()) stop("items: can only get item pairs from a mapping, not {}", value.type_name());
  evaluator.charge(value.dict().size() / 4);
  Values pairs;
  for (const auto& [key, item] : value.dict().entries()) pairs.push_back(Value::tuple({key, item}));
  return Value::sequence(SequenceKind::generator, std::move(pairs));
}

Value reverse(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound none("reverse", arguments, {});
  if (value.is_string()) return slice_of(value, Value(), Value(), Value::integer(-1));
  const auto all = items_of(evaluator, value);
  return Value::sequence(SequenceKind::generator, Values(all->items.rbegin(), all->items.rend()));
}

Value batch(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("batch", arguments, {"linecount", "fill_with"}, 1);
  const int64_t size = bound.integer(0, 1);
  if (size < 1 || size > kRangeMax) stop("batch: the line count is between 1 and {}", kRangeMax);
  Values lines;
  Values line;
  const auto all = items_of(evaluator, value);
  for (const Value& item : all->items) {
    if (static_cast<int64_t>(line.size()) == size) lines.push_back(Value::list(std::exchange(line, {})));
    line.push_back(item);
  }
  if (!line.empty()) {
    if (const Value* fill = bound.find(1)) line.resize(static_cast<size_t>(size), *fill);
    lines.push_back(Value::list(std::move(line)));
  }
  return Value::sequence(SequenceKind::generator, std::move(lines));
}

Value slice(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("slice", arguments, {"slices", "fill_with"}, 1);
  const int64_t count = bound.integer(0, 1);
  if (count < 1 || count > kRangeMax) stop("slice: the count is between 1 and {}", kRangeMax);
  evaluator.charge(static_cast<uint64_t>(count));
  const auto all = items_of(evaluator, value);
  const auto slices = static_cast<size_t>(count);
  const size_t each = all->items.size() / slices;
  const size_t longer = all->items.size() % slices;
  Values columns;
  auto at = all->items.begin();
  for (size_t i = 0; i < slices; ++i) {
    const auto end = at + static_cast<ptrdiff_t>(each + (i < longer));
    Values column(at, end);
    at = end;
    if (bound.find(1) && i >= longer) column.push_back(*bound.find(1));
    columns.push_back(Value::list(std::move(column)));
  }
  return Value::sequence(SequenceKind::generator, std::move(columns));
}

Value pretty(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound none("pprint", arguments, {});
  evaluator.charge_walk(value);
  return Value::string(repr(value));
}

}  // namespace

const FilterTable& item_filters() {
  static const FilterTable kFilters = {{"first", first},     {"last", last},   {"list", to_list}, {"items", items},
                                       {"reverse", reverse}, {"batch", batch}, {"slice", slice},  {"pprint", pretty}};
  return kFilters;
}

}  // namespace estoc::jinja
