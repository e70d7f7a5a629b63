#include <algorithm>
#include <unordered_set>

#include "jinja/builtins.h"
#include "jinja/evaluator.h"
#include "jinja/failure.h"
#include "jinja/iteration.h"
#include "jinja/limits.h"
#include "jinja/operators.h"
#include "jinja/text_operations.h"

namespace estoc::jinja {
namespace {

// Passes the leading `count` positional arguments by, for the filter or test that is applied to each item.
Arguments rest_of(const Arguments& arguments, size_t count) {
  Arguments rest;
  rest.positional.assign(arguments.positional.begin() + static_cast<ptrdiff_t>(count), arguments.positional.end());
  rest.keyword = arguments.keyword;
  return rest;
}

std::string name_of(const Value& value, const char* what) {
  if (!value.is_string()) stop("{}: the name of a filter or test is a string, not {}", what, value.type_name());
  return value.bytes();
}

// What a lazy filter holds on to: its input and all that it was given.
Values sources_of(const Value& value, const Arguments& arguments) {
  Values sources = arguments.positional;
  for (const auto& [name, argument] : arguments.keyword) sources.push_back(argument);
  sources.push_back(value);
  return sources;
}

// The function that map applies to each item.
std::function<Value(const Value&)> mapping_of(Evaluator& evaluator, const Arguments& arguments) {
  if (arguments.positional.empty()) {
    const Bound bound("map", arguments, {"attribute", "default"}, 1);
    const ItemKey key(evaluator, &bound.at(0), false, bound.find(1));
    return [key](const Value& item) { return key.of(item); };
  }
  const std::string name = name_of(arguments.positional[0], "map");
  return [&evaluator, name, rest = rest_of(arguments, 1)](const Value& item) {
    Arguments own = rest;
    Value made = evaluator.filtered(name, item, own);
    evaluator.charge_made(made);
    return made;
  };
}

// map, select and their kin give nothing for whatever is not true, be it none or 0. As in Jinja nothing is looked at
// before the first item is asked for.
Value map(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const auto begin = [&evaluator, value, arguments]() -> NextItem {
    if (!value.is_true()) return each_of({});
    const auto mapping = mapping_of(evaluator, arguments);
    return [mapping, items = ItemReader(value)]() mutable -> std::optional<Value> {
      const auto item = items.next();
      return item ? std::optional(mapping(*item)) : std::nullopt;
    };
  };
  return lazily(begin, sources_of(value, arguments));
}

// Whether an item is kept, for select and selectattr.
std::function<bool(const Value&)> selection_of(Evaluator& evaluator, const Arguments& arguments, bool by_attribute) {
  const size_t leading = by_attribute ? 1 : 0;
  if (arguments.positional.size() < leading) stop("the name of an attribute is missing");
  const ItemKey key(evaluator, by_attribute ? &arguments.positional[0] : nullptr, false);
  if (arguments.positional.size() == leading) return [key](const Value& item) { return key.of(item).is_true(); };
  const std::string test = name_of(arguments.positional[leading], "select");
  return [&evaluator, key, test, rest = rest_of(arguments, leading + 1)](const Value& item) {
    Arguments own = rest;
    return evaluator.tested(test, key.of(item), own);
  };
}

template <bool keeps, bool by_attribute>
Value select(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const auto begin = [&evaluator, value, arguments]() -> NextItem {
    if (!value.is_true()) return each_of({});
    const auto selection = selection_of(evaluator, arguments, by_attribute);
    return [&evaluator, selection, items = ItemReader(value)]() mutable {
      for (;;) {
        auto item = items.next();
        evaluator.charge(1);
        if (!item || selection(*item) == keeps) return item;
      }
    };
  };
  return lazily(begin, sources_of(value, arguments));
}

struct Keyed {
  Values keys;
  bool is_list = false;  // several keys compare as a list: those that are equal need no order
  Value item;
};

bool comes_before(const Keyed& left, const Keyed& right) {
  for (size_t i = 0; i < left.keys.size(); ++i) {
    if (left.is_list && is_equal(left.keys[i], right.keys[i])) continue;
    return compare(left.keys[i], right.keys[i], "<") == -1;
  }
  return false;
}

// A stable merge sort by hand: unlike std::sort it stays defined for orders that contradict themselves, as nan makes.
void merge_sort(Evaluator& evaluator, std::vector<Keyed>& items, bool is_reversed) {
  std::vector<Keyed> merged(items.size());
  for (size_t width = 1; width < items.size(); width *= 2) {
    for (size_t start = 0; start < items.size(); start += 2 * width) {
      size_t left = start;
      const size_t middle = std::min(start + width, items.size());
      size_t right = middle;
      const size_t end = std::min(start + 2 * width, items.size());
      for (size_t at = start; at < end; ++at) {
        bool takes_right = left == middle;
        if (left < middle && right < end) {
          evaluator.charge(1 + items[left].item.weight() / 8);
          takes_right = is_reversed ? comes_before(items[left], items[right]) : comes_before(items[right], items[left]);
        }
        merged[at] = std::move(items[takes_right ? right++ : left++]);
      }
    }
    items.swap(merged);
  }
}

enum class KeyKind { single, list };

Value sorted_by(Evaluator& evaluator, const Values& source, const std::vector<ItemKey>& keys, KeyKind kind,
                bool is_reversed) {
  std::vector<Keyed> keyed;
  for (const Value& item : source) {
    Values parts;
    for (const ItemKey& key : keys) parts.push_back(key.of(item));
    keyed.push_back({std::move(parts), kind == KeyKind::list, item});
  }
  merge_sort(evaluator, keyed, is_reversed);
  Values out;
  for (Keyed& item : keyed) out.push_back(std::move(item.item));
  return Value::list(std::move(out));
}

Value sort(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  const bool ignores_case = !bound.truth(1, false);
  std::vector<ItemKey> keys;
  const Value* attribute = bound.find(2);
  if (attribute && attribute->is_string()) {
    const std::string comma = ",";
    for (const std::string& part : split(attribute->bytes(), &comma, -1, false)) {
      const Value path = Value::string(part);
      keys.emplace_back(evaluator, &path, ignores_case);
    }
  } else {
    keys.emplace_back(evaluator, attribute, ignores_case);
  }
  return sorted_by(evaluator, items_of(evaluator, value)->items, keys, KeyKind::list, bound.flag(0, false));
}

Value dict_sort(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  if (value.is_undefined()) stop("{}", value.undefined_reason());
  if (!value.is_dict()) stop("dictsort: expected a mapping, got {}", value.type_name());
  const std::string by = bound.text(1, "key");
  if (by != "key" && by != "value") stop("dictsort: by is 'key' or 'value', not '{}'", by);
  Values pairs;
  for (const auto& [key, item] : value.dict().entries()) pairs.push_back(Value::tuple({key, item}));
  evaluator.charge(pairs.size());
  const Value place = Value::integer(by == "key" ? 0 : 1);
  std::vector<ItemKey> keys;
  keys.emplace_back(evaluator, &place, !bound.truth(0, false));
  return sorted_by(evaluator, pairs, keys, KeyKind::single, bound.flag(2, false));
}

Values distinct(Evaluator& evaluator, const Value& value, const ItemKey& key) {
  std::unordered_set<std::string> seen;
  Values out;
  const auto all = items_of(evaluator, value);
  for (const Value& item : all->items) {
    const Value looked_at = key.of(item);
    evaluator.charge_walk(looked_at);
    if (seen.insert(hash_key(looked_at)).second) out.push_back(item);
  }
  return out;
}

Value unique(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("unique", arguments, {"case_sensitive", "attribute"});
  const ItemKey key(evaluator, bound.find(1), !bound.truth(0, false));
  const auto begin = [&evaluator, value, key] { return each_of(distinct(evaluator, value, key)); };
  return lazily(begin, sources_of(value, arguments));
}

template <int wanted>  // -1 for min, 1 for max
Value extreme(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("min or max", arguments, {"case_sensitive", "attribute"});
  const ItemKey key(evaluator, bound.find(1), !bound.truth(0, false));
  const auto items = items_of(evaluator, value);
  if (items->items.empty()) return Value::undefined("no aggregated item, the sequence was empty");
  const Value* best = &items->items[0];
  Value best_key = key.of(*best);
  for (size_t i = 1; i < items->items.size(); ++i) {
    Value candidate = key.of(items->items[i]);
    evaluator.charge(std::min(candidate.weight(), best_key.weight()));
    if (compare(candidate, best_key, wanted < 0 ? "<" : ">") != wanted) continue;
    best = &items->items[i];
    best_key = std::move(candidate);
  }
  return *best;
}

Value sum(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("sum", arguments, {"attribute", "start"});
  const ItemKey key(evaluator, bound.find(0), false);
  Value total = bound.has(1) ? bound.at(1) : Value::integer(0);
  if (total.is_string()) stop("sum: strings cannot be summed, join them");
  const auto all = items_of(evaluator, value);
  for (const Value& item : all->items) {
    total = calculate(Arithmetic::add, total, key.of(item));
    if (total.is_sequence()) evaluator.charge(total.sequence().items.size());
    evaluator.charge_made(total);
  }
  return total;
}

Value group_by(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("groupby", arguments, {"attribute", "default", "case_sensitive"}, 1);
  const bool ignores_case = !bound.truth(2, false);
  std::vector<ItemKey> keys;
  keys.emplace_back(evaluator, &bound.at(0), ignores_case, bound.find(1));
  const ItemKey shown(evaluator, &bound.at(0), false, bound.find(1));
  const Value sorted = sorted_by(evaluator, items_of(evaluator, value)->items, keys, KeyKind::single, false);
  Values groups;
  Values members;
  const auto finish = [&] {
    if (members.empty()) return;
    Value name = shown.of(members[0]);
    groups.push_back(Value::group(std::move(name), Value::list(std::exchange(members, {}))));
  };
  for (const Value& item : sorted.sequence().items) {
    if (!members.empty() && !is_equal(keys[0].of(members[0]), keys[0].of(item))) finish();
    members.push_back(item);
  }
  finish();
  return Value::list(std::move(groups));
}

Value join(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("join", arguments, {"d", "attribute"});
  const ItemKey key(evaluator, bound.find(1), false);
  const std::string separator = bound.has(0) ? evaluator.text_of(bound.at(0)) : "";
  std::string out;
  bool is_first = true;
  const auto all = items_of(evaluator, value);
  for (const Value& item : all->items) {
    if (!is_first) out += separator;
    is_first = false;
    const Value part = key.of(item);
    out += part.is_string() ? part.bytes() : evaluator.text_of(part);
    if (out.size() > kTextBytesMax) stop("join: the text is longer than {} bytes", kTextBytesMax);
  }
  return Value::string(std::move(out));
}

}  // namespace

const FilterTable& selection_filters() {
  static const FilterTable kFilters = {{"map", map},
                                       {"select", select<true, false>},
                                       {"reject", select<false, false>},
                                       {"selectattr", select<true, true>},
                                       {"rejectattr", select<false, true>},
                                       {"sort", sort},
                                       {"dictsort", dict_sort},
                                       {"unique", unique},
                                       {"min", extreme<-1>},
                                       {"max", extreme<1>},
                                       {"sum", sum},
                                       {"groupby", group_by},
                                       {"join", join}};
  return kFilters;
}

}  // namespace estoc::jinja
