#include <algorithm>

#include "chat/arguments.h"
#include "chat/builtins.h"
#include "chat/comparison.h"
#include "chat/evaluator.h"
#include "chat/failure.h"
#include "chat/iteration.h"
#include "chat/loop.h"
#include "chat/method_tables.h"

namespace estoc::jinja {
namespace {

Value view_of(const char* what, Evaluator& evaluator, const Value& of, Arguments& arguments, SequenceKind kind) {
  const Bound none(what, arguments, {});
  Values items;
  items.reserve(of.dict().size());
  for (const auto& [key, value] : of.dict().entries()) {
    items.push_back(kind == SequenceKind::dict_keys     ? key
                    : kind == SequenceKind::dict_values ? value
                                                        : Value::tuple({key, value}));
  }
  evaluator.charge(items.size() / 4);
  return Value::sequence(kind, std::move(items));
}

Value items(Evaluator& e, const Value& of, Arguments& a) {
  return view_of("items", e, of, a, SequenceKind::dict_items);
}
Value keys(Evaluator& e, const Value& of, Arguments& a) { return view_of("keys", e, of, a, SequenceKind::dict_keys); }
Value values(Evaluator& e, const Value& of, Arguments& a) {
  return view_of("values", e, of, a, SequenceKind::dict_values);
}

Value get(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  if (!arguments.keyword.empty()) stop("get() takes no keyword arguments");
  const Bound bound("get", arguments, {"key", "default"}, 1);
  evaluator.charge_walk(bound.at(0));
  if (const Value* found = of.dict().find(bound.at(0))) return *found;
  return bound.has(1) ? bound.at(1) : Value::none();
}

Value copy(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound none("copy", arguments, {});
  return of;  // the value cannot change, so it is its own copy
}

Value index(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  const Bound bound("index", arguments, {"value"}, 1);
  evaluator.charge_walk(of);
  const Values& all = of.sequence().items;
  const auto place =
      std::find_if(all.begin(), all.end(), [&](const Value& item) { return is_equal(item, bound.at(0)); });
  if (place == all.end()) stop("index: the value is not in the {}", of.type_name());
  return Value::integer(place - all.begin());
}

Value count(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  const Bound bound("count", arguments, {"value"}, 1);
  evaluator.charge_walk(of);
  const Values& all = of.sequence().items;
  return Value::integer(
      std::count_if(all.begin(), all.end(), [&](const Value& i) { return is_equal(i, bound.at(0)); }));
}

Value cycle(Evaluator&, const Value& of, Arguments& arguments) {
  return dynamic_cast<Loop&>(*of.object()).cycled(arguments.positional);
}

Value changed(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  for (const Value& value : arguments.positional) evaluator.charge_walk(value);
  return Value::boolean(dynamic_cast<Loop&>(*of.object()).has_changed(arguments.positional));
}

Value next(Evaluator&, const Value& of, Arguments&) { return dynamic_cast<Cycler&>(*of.object()).next(); }

Value reset(Evaluator&, const Value& of, Arguments&) {
  dynamic_cast<Cycler&>(*of.object()).reset();
  return Value::none();
}

const MethodTable& table_of(const Value& value) {
  static const MethodTable kDict = {{"items", items}, {"keys", keys}, {"values", values}, {"get", get}, {"copy", copy}};
  static const MethodTable kList = {{"index", index}, {"count", count}, {"copy", copy}};
  static const MethodTable kTuple = {{"index", index}, {"count", count}};
  static const MethodTable kLoop = {{"cycle", cycle}, {"changed", changed}};
  static const MethodTable kCycler = {{"next", next}, {"reset", reset}};
  static const MethodTable kNone;
  if (value.is_string()) return string_methods();
  if (value.is_dict()) return kDict;
  if (value.is_sequence(SequenceKind::list)) return kList;
  if (value.is_sequence(SequenceKind::tuple)) return kTuple;
  if (value.is_object() && dynamic_cast<const Loop*>(value.object().get())) return kLoop;
  if (value.is_object() && dynamic_cast<const Cycler*>(value.object().get())) return kCycler;
  return kNone;
}

}  // namespace

Method find_method(const Value& value, std::string_view name) {
  const MethodTable& table = table_of(value);
  const auto place = table.find(name);
  return place == table.end() ? nullptr : place->second;
}

bool is_forbidden_method(const Value& value, std::string_view name) {
  static constexpr std::string_view kOfDict[] = {"clear", "pop", "popitem", "setdefault", "update"};
  static constexpr std::string_view kOfList[] = {"append", "clear", "pop",    "reverse",
                                                 "insert", "sort",  "extend", "remove"};
  if (value.is_dict()) return std::find(std::begin(kOfDict), std::end(kOfDict), name) != std::end(kOfDict);
  if (!value.is_sequence(SequenceKind::list)) return false;
  return std::find(std::begin(kOfList), std::end(kOfList), name) != std::end(kOfList);
}

}  // namespace estoc::jinja
