#include "jinja/dict.h"

#include <fmt/format.h>

#include <cmath>

#include "jinja/failure.h"
#include "jinja/limits.h"

namespace estoc::jinja {

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
