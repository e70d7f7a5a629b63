// Methods and attributes of numbers, lists, dicts, loops and cyclers, and the look-up of all methods.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "jinja/builtins.h"
#include "jinja/evaluator.h"
#include "jinja/failure.h"
#include "jinja/iteration.h"
#include "jinja/object.h"
#include "jinja/operators.h"

namespace estoc::jinja {
namespace {

Value conjugate(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound none("conjugate", arguments, {});
  return affirm(of);
}

Value is_integer(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound none("is_integer", arguments, {});
  return Value::boolean(std::isfinite(of.as_double()) && std::floor(of.as_double()) == of.as_double());
}

uint64_t size_of(const Value& of) {
  const int64_t number = of.as_integer();
  return number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
}

Value bit_length(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound none("bit_length", arguments, {});
  return Value::integer(std::bit_width(size_of(of)));
}

Value bit_count(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound none("bit_count", arguments, {});
  return Value::integer(std::popcount(size_of(of)));
}

Value integer_ratio(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound none("as_integer_ratio", arguments, {});
  if (of.is_integral()) return Value::tuple({affirm(of), Value::integer(1)});
  double number = of.as_double();
  if (!std::isfinite(number)) stop("cannot convert the float to a ratio of integers");
  int64_t divisor = 1;
  while (std::floor(number) != number && divisor <= (int64_t{1} << 61)) {
    number *= 2;
    divisor *= 2;
  }
  if (std::floor(number) != number || std::abs(number) >= 9.2e18) stop("an integer result is beyond 64 bits");
  return Value::tuple({Value::integer(static_cast<int64_t>(number)), Value::integer(divisor)});
}

Value hex(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound none("hex", arguments, {});
  const double size = std::abs(of.as_double());
  const std::string sign = std::signbit(of.as_double()) ? "-" : "";
  if (!std::isfinite(size)) return Value::string(std::isnan(size) ? "nan" : sign + "inf");
  if (size == 0) return Value::string(sign + "0x0.0p+0");
  const auto bits = std::bit_cast<uint64_t>(size);
  const auto exponent = static_cast<int>(bits >> 52);
  return Value::string(fmt::format("{}0x{}.{:013x}p{:+d}", sign, exponent ? 1 : 0, bits & ((uint64_t{1} << 52) - 1),
                                   exponent ? exponent - 1023 : -1022));
}

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
  const Bound bound = Bound::by_position("get", arguments, {"key", "default"}, 1);
  evaluator.charge_walk(bound.at(0));
  if (const Value* found = of.dict().find(bound.at(0))) return *found;
  return bound.has(1) ? bound.at(1) : Value::none();
}

Value copy_dict(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  const Bound none("copy", arguments, {});
  evaluator.charge(of.dict().size() / 4);
  return Value::dict(of.dict());
}

Value copy_list(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  const Bound none("copy", arguments, {});
  evaluator.charge(of.sequence().items.size() / 16);
  return Value::list(of.sequence().items);
}

Value from_keys(Evaluator& evaluator, const Value&, Arguments& arguments) {
  const Bound bound = Bound::by_position("fromkeys", arguments, {"iterable", "value"}, 1);
  return dict_from_keys(evaluator, bound.at(0), bound.has(1) ? bound.at(1) : Value::none());
}

Value is_disjoint(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  const Bound bound = Bound::by_position("isdisjoint", arguments, {"other"}, 1);
  const auto others = iterate(bound.at(0));
  evaluator.charge((of.weight() + 1) * (others->items.size() + 1) / 8);
  return Value::boolean(
      std::none_of(others->items.begin(), others->items.end(), [&](const Value& one) { return is_in(one, of); }));
}

Value index(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  const bool is_range = of.is_sequence(SequenceKind::range);
  const Bound bound = is_range ? Bound::by_position("index", arguments, {"value"}, 1)
                               : Bound::by_position("index", arguments, {"value", "start", "stop"}, 1);
  evaluator.charge_walk(of);
  const Values& all = of.sequence().items;
  const auto length = static_cast<int64_t>(all.size());
  const auto bounded = [&](size_t i, int64_t open) {
    if (is_range || !bound.has(i)) return open;
    const int64_t at = bound.integer(i, open);
    return std::clamp<int64_t>(at < -length ? 0 : at < 0 ? at + length : at, 0, length);
  };
  const auto end = all.begin() + bounded(2, length);
  const auto start = std::min(all.begin() + bounded(1, 0), end);
  const auto place = std::find_if(start, end, [&](const Value& item) { return is_equal(item, bound.at(0)); });
  if (place == end) stop("index: the value is not in the {}", of.type_name());
  return Value::integer(place - all.begin());
}

Value count(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  const Bound bound = Bound::by_position("count", arguments, {"value"}, 1);
  evaluator.charge_walk(of);
  const Values& all = of.sequence().items;
  return Value::integer(
      std::count_if(all.begin(), all.end(), [&](const Value& i) { return is_equal(i, bound.at(0)); }));
}

Value cycle(Evaluator&, const Value& of, Arguments& arguments) {
  if (!arguments.keyword.empty()) stop("cycle() takes no keyword arguments");
  return dynamic_cast<Loop&>(*of.object()).cycled(arguments.positional);
}

Value changed(Evaluator& evaluator, const Value& of, Arguments& arguments) {
  if (!arguments.keyword.empty()) stop("changed() takes no keyword arguments");
  for (const Value& value : arguments.positional) evaluator.charge_walk(value);
  return Value::boolean(dynamic_cast<Loop&>(*of.object()).has_changed(arguments.positional));
}

Value next(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound none("next", arguments, {});
  return dynamic_cast<Cycler&>(*of.object()).next();
}

Value reset(Evaluator&, const Value& of, Arguments& arguments) {
  const Bound none("reset", arguments, {});
  dynamic_cast<Cycler&>(*of.object()).reset();
  return Value::none();
}

using Tables = std::initializer_list<const MethodTable*>;

Tables tables_of_sequence(SequenceKind kind) {
  static const MethodTable kList = {{"index", index}, {"count", count}, {"copy", copy_list}};
  static const MethodTable kFixed = {{"index", index}, {"count", count}};
  static const MethodTable kView = {{"isdisjoint", is_disjoint}};
  static const Tables kLists = {&kList};
  static const Tables kFixedOnes = {&kFixed};
  static const Tables kViews = {&kView};
  switch (kind) {
    case SequenceKind::list:
      return kLists;
    case SequenceKind::tuple:
    case SequenceKind::range:
      return kFixedOnes;
    case SequenceKind::dict_keys:
    case SequenceKind::dict_items:
      return kViews;
    default:
      return {};
  }
}

// The tables that hold a value's methods, the first one first.
Tables tables_of(const Value& value) {
  static const MethodTable kDict = {{"items", items}, {"keys", keys},      {"values", values},
                                    {"get", get},     {"copy", copy_dict}, {"fromkeys", from_keys}};
  static const MethodTable kInteger = {{"conjugate", conjugate},
                                       {"bit_length", bit_length},
                                       {"bit_count", bit_count},
                                       {"as_integer_ratio", integer_ratio}};
  static const MethodTable kFloat = {
      {"conjugate", conjugate}, {"is_integer", is_integer}, {"as_integer_ratio", integer_ratio}, {"hex", hex}};
  static const MethodTable kLoop = {{"cycle", cycle}, {"changed", changed}};
  static const MethodTable kCycler = {{"next", next}, {"reset", reset}};
  static const Tables kStrings = {&string_methods(), &string_translation_methods()};
  static const Tables kMarkups = {&string_methods(), &string_translation_methods(), &markup_methods()};
  static const Tables kDicts = {&kDict};
  static const Tables kIntegers = {&kInteger};
  static const Tables kFloats = {&kFloat};
  static const Tables kLoops = {&kLoop};
  static const Tables kCyclers = {&kCycler};
  if (value.is_string()) return value.text().is_markup ? kMarkups : kStrings;
  if (value.is_dict()) return kDicts;
  if (value.is_sequence()) return tables_of_sequence(value.sequence().kind);
  if (value.is_integral()) return kIntegers;
  if (value.is_float()) return kFloats;
  if (value.is_object() && dynamic_cast<const Loop*>(value.object().get())) return kLoops;
  if (value.is_object() && dynamic_cast<const Cycler*>(value.object().get())) return kCyclers;
  return {};
}

std::optional<Value> number_attribute(const Value& value, std::string_view name) {
  if (name == "real") return affirm(value);
  if (name == "imag") return value.is_float() ? Value::floating(0) : Value::integer(0);
  if (value.is_integral() && name == "numerator") return affirm(value);
  if (value.is_integral() && name == "denominator") return Value::integer(1);
  return std::nullopt;
}

}  // namespace

Value dict_from_keys(Evaluator& evaluator, const Value& keys, const Value& value) {
  evaluator.charge_walk(keys);
  Dict dict;
  const auto all = iterate(keys);
  for (const Value& key : all->items) dict.set(key, value);
  return Value::dict(std::move(dict));
}

Method find_method(const Value& value, std::string_view name) {
  for (const MethodTable* table : tables_of(value)) {
    const auto place = table->find(name);
    if (place != table->end()) return place->second;
  }
  return nullptr;
}

std::optional<Value> find_attribute(const Value& value, std::string_view name) {
  if (value.is_number()) return number_attribute(value, name);
  if (value.is_object()) return value.object()->attribute(name);
  if (!value.is_sequence()) return std::nullopt;
  const Sequence& sequence = value.sequence();
  if (sequence.is_group && name == "grouper") return sequence.items[0];
  if (sequence.is_group && name == "list") return sequence.items[1];
  if (sequence.kind != SequenceKind::range) return std::nullopt;
  if (name == "start") return Value::integer(sequence.start);
  if (name == "stop") return Value::integer(sequence.stop);
  if (name == "step") return Value::integer(sequence.step);
  return std::nullopt;
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
