#include <charconv>
#include <cmath>

#include "base/error.h"
#include "chat/arguments.h"
#include "chat/arithmetic.h"
#include "chat/evaluator.h"
#include "chat/failure.h"
#include "chat/filter_tables.h"
#include "chat/iteration.h"
#include "chat/json_input.h"
#include "chat/json_output.h"
#include "chat/limits.h"
#include "chat/printing.h"
#include "chat/text_operations.h"

namespace estoc::jinja {
namespace {

Value absolute(Evaluator&, const Value& value, Arguments& arguments) {
  const Bound none("abs", arguments, {});
  if (!value.is_number()) stop("bad operand type for abs(): '{}'", value.type_name());
  return value.as_double() < 0 ? negate(value) : affirm(value);
}

Value default_to(Evaluator&, const Value& value, Arguments& arguments) {
  const Bound bound("default", arguments, {"default_value", "boolean"});
  const bool is_missing = value.is_undefined() || (bound.truth(1, false) && !value.is_true());
  if (!is_missing) return value;
  return bound.has(0) ? bound.at(0) : Value::string("");
}

Value length(Evaluator&, const Value& value, Arguments& arguments) {
  const Bound none("length", arguments, {});
  return Value::integer(length_of(value));
}

Value attribute(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("attr", arguments, {"name"}, 1);
  if (value.is_dict() && !find_method(value, bound.text(0, ""))) {
    return Value::undefined("'dict object' has no attribute '" + bound.text(0, "") + "'");
  }
  return evaluator.attribute_of(value, bound.text(0, ""));
}

// Digits as Python's int() reads them: blanks around, a sign, underscores between digits.
std::optional<int64_t> read_integer(std::string_view spelled, int64_t base) {
  std::string text = strip(spelled, nullptr, true, true);
  const bool is_negative = !text.empty() && text[0] == '-';
  if (is_negative || (!text.empty() && text[0] == '+')) text.erase(0, 1);
  const auto has_prefix = [&](char mark) { return text.size() > 2 && text[0] == '0' && (text[1] | 32) == mark; };
  const int64_t prefix_base = has_prefix('x') ? 16 : has_prefix('o') ? 8 : has_prefix('b') ? 2 : 0;
  if (prefix_base != 0 && (base == prefix_base || base == 0)) {
    base = prefix_base;
    text.erase(0, 2);
  }
  if (base == 0) base = 10;
  if (base < 2 || base > 36) return std::nullopt;
  std::string digits = is_negative ? "-" : "";
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_between = text[i] == '_' && i > 0 && i + 1 < text.size() && text[i - 1] != '_';
    if (!is_between) digits += text[i];
  }
  int64_t result = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), result, static_cast<int>(base));
  if (error == std::errc::result_out_of_range) stop("int: '{}' is beyond 64 bits", spelled.substr(0, 40));
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return result;
}

std::optional<double> read_float(std::string_view spelled) {
  std::string text = strip(spelled, nullptr, true, true);
  std::erase(text, '_');
  if (!text.empty() && text[0] == '+') text.erase(0, 1);
  double result = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::strtod(text.c_str(), nullptr);
  return result;
}

std::optional<int64_t> truncated(double number) {
  if (!std::isfinite(number)) return std::nullopt;
  if (std::abs(number) >= 9.2e18) stop("int: the number is beyond 64 bits");
  return static_cast<int64_t>(number);
}

Value to_integer(Evaluator&, const Value& value, Arguments& arguments) {
  const Bound bound("int", arguments, {"default", "base"});
  if (value.is_undefined()) stop("{}", value.undefined_reason());
  if (value.is_integral()) return affirm(value);
  std::optional<int64_t> result;
  if (value.is_float()) result = truncated(value.as_double());
  if (value.is_string()) {
    result = read_integer(value.bytes(), bound.integer(1, 10));
    if (!result) {
      const auto number = read_float(value.bytes());
      if (number) result = truncated(*number);
    }
  }
  if (result) return Value::integer(*result);
  return bound.has(0) ? bound.at(0) : Value::integer(0);
}

Value to_float(Evaluator&, const Value& value, Arguments& arguments) {
  const Bound bound("float", arguments, {"default"});
  if (value.is_undefined()) stop("{}", value.undefined_reason());
  if (value.is_number()) return Value::floating(value.as_double());
  if (value.is_string()) {
    if (const auto number = read_float(value.bytes())) return Value::floating(*number);
  }
  return bound.has(0) ? bound.at(0) : Value::floating(0);
}

Value rounded(Evaluator&, const Value& value, Arguments& arguments) {
  const Bound bound("round", arguments, {"precision", "method"});
  if (!value.is_number()) stop("round: a number is required, not {}", value.type_name());
  const int64_t digits = bound.integer(0, 0);
  const std::string method = bound.text(1, "common");
  if (method == "common") {
    if (value.is_integral() && digits >= 0) return affirm(value);
    const double result = round_to(value.as_double(), digits);
    if (!value.is_integral()) return Value::floating(result);
    const auto whole = truncated(result);
    return Value::integer(whole ? *whole : 0);
  }
  if (method != "ceil" && method != "floor") stop("round: the method is common, ceil or floor, not '{}'", method);
  const double scale = std::pow(10.0, static_cast<double>(std::min<int64_t>(std::max<int64_t>(digits, -300), 300)));
  const double scaled = value.as_double() * scale;
  return Value::floating((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
}

JsonStyle style_of(const Bound& bound) {
  JsonStyle style;
  style.is_ascii = bound.truth(0, false);
  style.sorts_keys = bound.truth(3, false);
  if (const Value* indent = bound.find(1)) {
    const bool is_text = indent->is_string();
    const int64_t width = is_text ? 0 : std::max<int64_t>(bound.integer(1, 0), 0);
    if (width > 1000) stop("tojson: the indent is wider than 1000");
    style.indent.emplace(static_cast<size_t>(width), ' ');
    if (is_text) style.indent = indent->bytes();
    style.item_separator.assign(1, ',');
  }
  if (const Value* separators = bound.find(2)) {
    const auto parts = iterate(*separators);
    if (parts->items.size() != 2 || !parts->items[0].is_string() || !parts->items[1].is_string()) {
      stop("tojson: separators are two strings");
    }
    style.item_separator = parts->items[0].bytes();
    style.key_separator = parts->items[1].bytes();
  }
  return style;
}

Value to_json_text(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
  evaluator.charge_walk(value);
  return Value::string(json_text(value, style_of(bound)));
}

Value from_json_text(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound none("from_json", arguments, {});
  if (!value.is_string()) stop("from_json: expected a string, got {}", value.type_name());
  evaluator.charge(value.bytes().size() / 4);
  try {
    return from_json(parse_json(value.bytes(), kValueDepthMax / 2));
  } catch (const Error& error) {
    stop("from_json: {}", error.what());
  }
}

}  // namespace

const FilterTable& value_filters() {
  static const FilterTable kFilters = {
      {"abs", absolute},  {"d", default_to},        {"default", default_to},      {"length", length},
      {"count", length},  {"attr", attribute},      {"int", to_integer},          {"float", to_float},
      {"round", rounded}, {"tojson", to_json_text}, {"from_json", from_json_text}};
  return kFilters;
}

}  // namespace estoc::jinja
