#include <algorithm>

#include "jinja/builtins.h"
#include "jinja/evaluator.h"
#include "jinja/failure.h"
#include "jinja/iteration.h"
#include "jinja/limits.h"
#include "jinja/operators.h"
#include "jinja/printing.h"
#include "jinja/unicode.h"
#include "jinja/value.h"

namespace estoc::jinja {
std::shared_ptr<const Sequence> items_of(Evaluator& evaluator, const Value& value) {
  auto items = iterate(value);
  evaluator.charge(items->items.size());
  return items;
}

namespace {

Value first(Evaluator&, const Value& value, Arguments& arguments) {
  const Bound none("first", arguments, {});
  if (value.is_string() && !value.bytes().empty()) {
    return Value::string(value.bytes().substr(0, code_point_offset(value.bytes(), 1)));
  }
  const auto item = ItemReader(value).next();
  return item ? *item : Value::undefined("no first item, the sequence was empty");
}

Value last(Evaluator&, const Value& value, Arguments& arguments) {
  const Bound none("last", arguments, {});
  if (value.is_sequence(SequenceKind::generator)) stop("last: a generator has no last item; make it a list first");
  if (value.is_string() && value.text().is_markup && !value.bytes().empty()) {
    return *item_of(value, Value::integer(-1));  // reversed() takes subscripts, and those of markup are markup
  }
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
  const auto begin = [&evaluator, value] {
    if (value.is_undefined()) return each_of({});
    if (!value.is_dict()) stop("items: can only get item pairs from a mapping, not {}", value.type_name());
    evaluator.charge(value.dict().size() / 4);
    Values pairs;
    for (const auto& [key, item] : value.dict().entries()) pairs.push_back(Value::tuple({key, item}));
    return each_of(std::move(pairs));
  };
  return lazily(begin, {value});
}

Value reverse(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound none("reverse", arguments, {});
  if (value.is_string()) evaluator.charge_characters(value);
  if (value.is_string()) return slice_of(value, Value::none(), Value::none(), Value::integer(-1));
  const auto all = items_of(evaluator, value);
  Values reversed(all->items.rbegin(), all->items.rend());
  return lazily([reversed = std::move(reversed)] { return each_of(reversed); }, {value});
}

// `[fill] * (size - length)` where the line is shorter, with Python's rules for a size that is no int.
void fill_up(Values& line, const Value& size, const Value& fill) {
  const Value length = Value::integer(static_cast<int64_t>(line.size()));
  if (compare(length, size, "<") != -1) return;
  const Value missing = calculate(Arithmetic::subtract, size, length);
  const Value more = calculate(Arithmetic::multiply, Value::list({fill}), missing);
  line.insert(line.end(), more.sequence().items.begin(), more.sequence().items.end());
}

// As in Jinja the line count may be anything: a line ends where its length is equal to it.
Values lines_of(Evaluator& evaluator, const Value& value, const Value& size, const Value& fill) {
  Values lines;
  Values line;
  const auto all = items_of(evaluator, value);
  for (const Value& item : all->items) {
    if (is_equal(Value::integer(static_cast<int64_t>(line.size())), size)) {
      lines.push_back(Value::list(std::exchange(line, {})));
    }
    line.push_back(item);
  }
  if (!line.empty()) {
    if (!fill.is_none()) fill_up(line, size, fill);
    lines.push_back(Value::list(std::move(line)));
  }
  return lines;
}

Value batch(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("batch", arguments, {"linecount", "fill_with"}, 1);
  const Value size = bound.at(0);
  const Value fill = bound.has(1) ? bound.at(1) : Value::none();
  const auto begin = [&evaluator, value, size, fill] { return each_of(lines_of(evaluator, value, size, fill)); };
  return lazily(begin, {value, size, fill});
}

Values columns_of(Evaluator& evaluator, const Value& value, int64_t count, const Value& fill) {
  if (count == 0 || count > kRangeMax) stop("slice: the count is between 1 and {}", kRangeMax);
  const auto all = items_of(evaluator, value);
  if (count < 0) return {};
  evaluator.charge(static_cast<uint64_t>(count));
  const auto slices = static_cast<size_t>(count);
  const size_t each = all->items.size() / slices;
  const size_t longer = all->items.size() % slices;
  Values columns;
  auto at = all->items.begin();
  for (size_t i = 0; i < slices; ++i) {
    const auto end = at + static_cast<ptrdiff_t>(each + (i < longer));
    Values column(at, end);
    at = end;
    if (!fill.is_none() && i >= longer) column.push_back(fill);
    columns.push_back(Value::list(std::move(column)));
  }
  return columns;
}

Value slice(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("slice", arguments, {"slices", "fill_with"}, 1);
  const Value count = bound.at(0);
  const Value fill = bound.has(1) ? bound.at(1) : Value::none();
  const auto begin = [&evaluator, value, count, fill] {
    if (!count.is_integral()) stop("slice: the count is an int, not {}", count.type_name());
    return each_of(columns_of(evaluator, value, count.as_integer(), fill));
  };
  return lazily(begin, {value, count, fill});
}

// The value with its dicts sorted by key, as pprint shows them.
Value with_sorted_keys(const Value& value) {
  if (value.is_dict()) {
    std::vector<Dict::Entry> entries = value.dict().entries();
    std::stable_sort(entries.begin(), entries.end(), [](const Dict::Entry& a, const Dict::Entry& b) {
      if (!a.first.is_string() || !b.first.is_string()) stop("pprint: only dicts whose keys are strings are supported");
      return a.first.bytes() < b.first.bytes();
    });
    Dict sorted;
    for (auto& [key, item] : entries) sorted.set(key, with_sorted_keys(item));
    return Value::dict(std::move(sorted));
  }
  if (!value.is_sequence(SequenceKind::list) && !value.is_sequence(SequenceKind::tuple)) return value;
  Values items;
  for (const Value& item : value.sequence().items) items.push_back(with_sorted_keys(item));
  return Value::sequence(value.sequence().kind, std::move(items));
}

Value pretty(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound none("pprint", arguments, {});
  constexpr size_t kLineLength = 80;
  evaluator.charge(value.weight() * 4);
  Value line = Value::string(repr(with_sorted_keys(value)));
  if (line.text().length > kLineLength) stop("pprint: a value longer than {} characters is not supported", kLineLength);
  return line;
}

}  // namespace

const FilterTable& item_filters() {
  static const FilterTable kFilters = {{"first", first},     {"last", last},   {"list", to_list}, {"items", items},
                                       {"reverse", reverse}, {"batch", batch}, {"slice", slice},  {"pprint", pretty}};
  return kFilters;
}

}  // namespace estoc::jinja
