#include "jinja/value.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "jinja/failure.h"
#include "jinja/limits.h"
#include "jinja/object.h"
#include "jinja/unicode.h"

namespace estoc::jinja {

void account(int& depth, uint64_t& weight, const Value& item) {
  depth = std::max(depth, item.depth() + 1);
  if (depth > kValueDepthMax) stop("a value nests deeper than {} levels", kValueDepthMax);
  const uint64_t extra = item.weight();
  weight =
      weight > std::numeric_limits<uint64_t>::max() - extra ? std::numeric_limits<uint64_t>::max() : weight + extra;
}

Value Value::undefined(std::string reason) {
  return Value(Data(Undefined{std::make_shared<const std::string>(std::move(reason))}));
}

Value Value::string(std::string bytes, bool is_markup) {
  if (bytes.size() > kTextBytesMax) stop("a string is longer than {} bytes", kTextBytesMax);
  const size_t length = count_code_points(bytes);
  return Value(Data(std::make_shared<const Text>(Text{std::move(bytes), length, is_markup})));
}

Value Value::sequence(SequenceKind kind, Values items) {
  if (items.size() > kItemsMax) stop("a list has more than {} items", kItemsMax);
  Sequence sequence;
  sequence.kind = kind;
  for (const Value& item : items) account(sequence.depth, sequence.weight, item);
  sequence.items = std::move(items);
  return Value(Data(std::make_shared<const Sequence>(std::move(sequence))));
}

Value Value::generator(std::shared_ptr<Generator> items, const Values& sources) {
  Sequence sequence;
  sequence.kind = SequenceKind::generator;
  for (const Value& source : sources) account(sequence.depth, sequence.weight, source);
  sequence.generator = std::move(items);
  return Value(Data(std::make_shared<const Sequence>(std::move(sequence))));
}

Value Value::group(Value grouper, Value items) {
  Sequence sequence;
  sequence.kind = SequenceKind::tuple;
  sequence.is_group = true;
  account(sequence.depth, sequence.weight, grouper);
  account(sequence.depth, sequence.weight, items);
  sequence.items = {std::move(grouper), std::move(items)};
  return Value(Data(std::make_shared<const Sequence>(std::move(sequence))));
}

Value Value::range(int64_t start, int64_t stop_at, int64_t step) {
  if (step == 0) stop("range() arg 3 must not be zero");
  Sequence sequence;
  sequence.kind = SequenceKind::range;
  sequence.start = start;
  sequence.stop = stop_at;
  sequence.step = step;
  int64_t at = start;
  while (step > 0 ? at < stop_at : at > stop_at) {
    if (static_cast<int64_t>(sequence.items.size()) >= kRangeMax) stop("range() has more than {} items", kRangeMax);
    sequence.items.push_back(integer(at));
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  sequence.weight = sequence.items.size() + 1;
  return Value(Data(std::make_shared<const Sequence>(std::move(sequence))));
}

Value Value::dict(Dict dict) { return Value(Data(std::make_shared<const Dict>(std::move(dict)))); }

bool Value::is_sequence(SequenceKind kind) const { return is_sequence() && sequence().kind == kind; }

const std::string& Value::bytes() const { return text().bytes; }

int64_t Value::as_integer() const { return is_bool() ? int64_t{std::get<bool>(data_)} : std::get<int64_t>(data_); }

double Value::as_double() const { return is_float() ? std::get<double>(data_) : static_cast<double>(as_integer()); }

const void* Value::address() const {
  if (is_undefined()) return std::get<Undefined>(data_).reason.get();
  if (is_string()) return std::get<TextPtr>(data_).get();
  if (is_sequence()) return sequence_ptr().get();
  if (is_dict()) return std::get<DictPtr>(data_).get();
  return is_object() ? object().get() : nullptr;
}

bool Value::is_true() const {
  if (is_undefined() || is_none()) return false;
  if (is_integral()) return as_integer() != 0;
  if (is_float()) return as_double() != 0;
  if (is_string()) return !bytes().empty();
  if (is_sequence()) return sequence().kind == SequenceKind::generator || !sequence().items.empty();
  return is_dict() ? dict().size() != 0 : true;
}

const char* Value::type_name() const {
  if (is_undefined()) return "Undefined";
  if (is_none()) return "NoneType";
  if (is_bool()) return "bool";
  if (is_int()) return "int";
  if (is_float()) return "float";
  if (is_string()) return text().is_markup ? "Markup" : "str";
  if (is_dict()) return "dict";
  if (is_object()) return object()->type_name();
  switch (sequence().kind) {
    case SequenceKind::list:
      return "list";
    case SequenceKind::tuple:
      return "tuple";
    case SequenceKind::generator:
      return "generator";
    case SequenceKind::range:
      return "range";
    case SequenceKind::dict_keys:
      return "dict_keys";
    case SequenceKind::dict_values:
      return "dict_values";
    case SequenceKind::dict_items:
      return "dict_items";
  }
  return "object";
}

std::string Value::undefined_reason() const {
  const auto& reason = std::get<Undefined>(data_).reason;
  return reason ? *reason : "the value is undefined";
}

int Value::depth() const {
  if (is_sequence()) return sequence().depth;
  if (is_dict()) return dict().depth();
  return is_object() ? object()->depth() : 0;
}

uint64_t Value::weight() const {
  if (is_string()) return 1 + bytes().size() / 32;
  if (is_sequence()) return sequence().weight;
  return is_dict() ? dict().weight() : 1;
}

std::string hash_key(const Value& value) {
  if (value.is_string()) return "s" + value.bytes();
  if (value.is_integral()) return fmt::format("i{}", value.as_integer());
  if (value.is_float()) {
    const double number = value.as_double();
    const bool is_whole = std::floor(number) == number && std::abs(number) < 9.2e18;
    return is_whole ? fmt::format("i{}", static_cast<int64_t>(number)) : fmt::format("f{}", number);
  }
  if (value.is_none()) return "n";
  if (value.is_undefined()) return "u";
  if (value.is_object()) return fmt::format("o{}", value.address());
  if (value.is_sequence(SequenceKind::tuple)) {
    std::string key = "t(";
    for (const Value& item : value.sequence().items) {
      const std::string part = hash_key(item);
      key += fmt::format("{}:", part.size()) + part;
      if (key.size() > kTextBytesMax) stop("the key is too big");
    }
    return key;
  }
  if (value.is_sequence(SequenceKind::range)) {
    const Sequence& range = value.sequence();
    const size_t length = range.items.size();
    return fmt::format("r{},{},{}", length, length > 0 ? range.start : 0, length > 1 ? range.step : 0);
  }
  const bool is_by_identity =
      value.is_sequence(SequenceKind::generator) || value.is_sequence(SequenceKind::dict_values);
  if (is_by_identity) return fmt::format("o{}", value.address());
  stop("unhashable type: '{}'", value.type_name());
}

void Dict::set(Value key, Value value) {
  account(depth_, weight_, key);
  account(depth_, weight_, value);
  const auto [place, is_new] = places_.try_emplace(hash_key(key), entries_.size());
  if (is_new) {
    entries_.emplace_back(std::move(key), std::move(value));
  } else {
    entries_[place->second].second = std::move(value);
  }
}

void Dict::set(std::string_view key, Value value) { set(Value::string(std::string(key)), std::move(value)); }

const Value* Dict::find(const Value& key) const {
  const auto place = places_.find(hash_key(key));
  return place == places_.end() ? nullptr : &entries_[place->second].second;
}

const Value* Dict::find(std::string_view key) const {
  std::string place_key = "s";
  place_key += key;
  const auto place = places_.find(place_key);
  return place == places_.end() ? nullptr : &entries_[place->second].second;
}

}  // namespace estoc::jinja
