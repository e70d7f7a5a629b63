#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "jinja/builtins.h"
#include "jinja/evaluator.h"
#include "jinja/failure.h"
#include "jinja/format.h"
#include "jinja/iteration.h"
#include "jinja/json.h"
#include "jinja/limits.h"
#include "jinja/operators.h"
#include "jinja/printing.h"
#include "jinja/text_operations.h"
#include "jinja/unicode.h"

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

// Digits of any script as ASCII ones, and without the underscores between digits; nothing where those stand elsewhere.
std::optional<std::string> plain_digits(std::string_view spelled, bool may_begin_with_underscore) {
  std::string out;
  bool follows_digit = may_begin_with_underscore;
  bool ends_in_underscore = false;
  for (const std::string_view piece : code_points(spelled)) {
    const uint32_t c = code_point_at(piece);
    if (c == '_') {
      if (!follows_digit) return std::nullopt;
    } else {
      out +=
          c >= 0x80 && is_decimal(c) ? std::string(1, static_cast<char>('0' + decimal_value(c))) : std::string(piece);
    }
    ends_in_underscore = c == '_';
    follows_digit = c >= 0x80 ? is_decimal(c) : std::isalnum(static_cast<int>(c)) != 0;
  }
  return ends_in_underscore ? std::nullopt : std::optional(std::move(out));
}

// What Python's int() reads: blanks around, a sign, a prefix that fits the base.
std::optional<int64_t> read_integer(std::string_view spelled, int64_t base) {
  if ((base < 2 || base > 36) && base != 0) return std::nullopt;
  std::string text = strip(spelled, nullptr, true, true);
  const bool is_negative = !text.empty() && text[0] == '-';
  if (is_negative || (!text.empty() && text[0] == '+')) text.erase(0, 1);
  const auto has_prefix = [&](char mark) { return text.size() > 2 && text[0] == '0' && (text[1] | 32) == mark; };
  const int64_t prefix_base = has_prefix('x') ? 16 : has_prefix('o') ? 8 : has_prefix('b') ? 2 : 0;
  const bool takes_prefix = prefix_base != 0 && (base == prefix_base || base == 0);
  if (takes_prefix) text.erase(0, 2);
  const auto plain = plain_digits(text, takes_prefix);
  if (!plain || plain->empty() || plain->front() == '-') return std::nullopt;
  if (base == 0 && !takes_prefix && plain->front() == '0' && plain->find_first_not_of('0') != std::string::npos) {
    return std::nullopt;  // 010 is no Python literal
  }
  const std::string digits = (is_negative ? "-" : "") + *plain;
  const int64_t used = takes_prefix ? prefix_base : base == 0 ? 10 : base;
  int64_t result = 0;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, result, static_cast<int>(used));
  if (error == std::errc::invalid_argument || end != last) return std::nullopt;
  if (error == std::errc::result_out_of_range) stop("int: '{}' is beyond 64 bits", spelled.substr(0, 40));
  return result;
}

std::optional<double> read_float(std::string_view spelled) {
  auto plain = plain_digits(strip(spelled, nullptr, true, true), false);
  if (!plain) return std::nullopt;
  std::string& text = *plain;
  if (!text.empty() && text[0] == '+') text.erase(0, 1);
  if (text.empty() || text[0] == '+' || (text.size() > 1 && text.starts_with("--"))) return std::nullopt;
  if (text.find('(') != std::string::npos) return std::nullopt;  // nan(...) is not Python's
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

Value to_integer(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("int", arguments, {"default", "base"});
  if (value.is_undefined()) stop("{}", value.undefined_reason());
  if (value.is_integral()) return affirm(value);
  std::optional<int64_t> result;
  if (value.is_float()) {
    if (std::isinf(value.as_double())) stop("int: cannot convert infinity to an integer");
    result = truncated(value.as_double());
  }
  if (value.is_string()) {
    evaluator.charge_characters(value);
    const bool has_base = !bound.has(1) || bound.at(1).is_integral();
    if (has_base) result = read_integer(value.bytes(), bound.integer(1, 10));
    if (!result) {
      const auto number = read_float(value.bytes());
      if (number) result = truncated(*number);
    }
  }
  if (result) return Value::integer(*result);
  return bound.has(0) ? bound.at(0) : Value::integer(0);
}

Value to_float(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("float", arguments, {"default"});
  if (value.is_undefined()) stop("{}", value.undefined_reason());
  if (value.is_number()) return Value::floating(value.as_double());
  if (value.is_string()) {
    evaluator.charge_characters(value);
    if (const auto number = read_float(value.bytes())) return Value::floating(*number);
  }
  return bound.has(0) ? bound.at(0) : Value::floating(0);
}

// round(value, None): an int, as round(value) gives.
Value rounded_to_integer(const Value& value) {
  if (value.is_integral()) return affirm(value);
  const auto whole = truncated(round_to(value.as_double(), 0));
  if (!whole) stop("round: cannot convert {} to an integer", float_text(value.as_double()));
  return Value::integer(*whole);
}

Value rounded(Evaluator&, const Value& value, Arguments& arguments) {
  const Bound bound("round", arguments, {"precision", "method"});
  if (!value.is_number()) stop("round: a number is required, not {}", value.type_name());
  const std::string method = bound.text(1, "common");
  if (method == "common" && bound.has(0) && bound.at(0).is_none()) return rounded_to_integer(value);
  const int64_t digits = bound.integer(0, 0);
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

Value file_size(Evaluator&, const Value& value, Arguments& arguments) {
  const Bound bound("filesizeformat", arguments, {"binary"});
  if (value.is_undefined()) stop("{}", value.undefined_reason());
  const auto read = value.is_number()   ? std::optional(value.as_double())
                    : value.is_string() ? read_float(value.bytes())
                                        : std::nullopt;
  if (!read) stop("filesizeformat: expected a number, got {}", value.type_name());
  const bool is_binary = bound.truth(0, false);
  const double base = is_binary ? 1024 : 1000;
  if (*read == 1) return Value::string("1 Byte");
  if (*read < base) {
    if (!std::isfinite(*read)) stop("filesizeformat: {} is no size", float_text(*read));
    return Value::string((*read < 0 && *read > -1 ? "0" : (*read < 0 ? "-" : "") + whole_digits(std::abs(*read))) +
                         " Bytes");
  }
  double unit = base;
  size_t prefix = 0;
  static constexpr std::string_view kPrefixes = "kMGTPEZY";
  for (unit *= base; *read >= unit && prefix + 1 < kPrefixes.size(); unit *= base) ++prefix;
  if (std::isnan(*read)) prefix = kPrefixes.size() - 1;
  const char first = is_binary && prefix == 0 ? 'K' : kPrefixes[prefix];
  return Value::string(fmt::format("{:.1f} {}{}", base * *read / unit, first, is_binary ? "iB" : "B"));
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
    if (style.indent->size() > 1000) stop("tojson: the indent is longer than 1000 bytes");
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

// A string alone has neither lines nor separators, so Python does not look at what is asked of them.
Value string_as_json(const Value& value, const Bound& bound) {
  if (bound.find(2) && iterate(bound.at(2))->items.size() != 2) stop("tojson: separators are two strings");
  JsonStyle style;
  style.is_ascii = bound.truth(0, false);
  return Value::string(json_text(value, style));
}

Value to_json_text(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound bound("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
  evaluator.charge_walk(value);
  if (value.is_string()) return string_as_json(value, bound);
  return Value::string(json_text(value, style_of(bound)));
}

Value from_json_text(Evaluator& evaluator, const Value& value, Arguments& arguments) {
  const Bound none("from_json", arguments, {});
  if (!value.is_string()) stop("from_json: expected a string, got {}", value.type_name());
  constexpr size_t kJsonBytesMax = size_t{4} << 20;
  if (value.bytes().size() > kJsonBytesMax) stop("from_json: the text is longer than {} bytes", kJsonBytesMax);
  evaluator.charge(value.bytes().size() / 4);
  try {
    return from_json(parse_json(value.bytes(), kValueDepthMax / 2));
  } catch (const Error& error) {
    stop("from_json: {}", error.what());
  }
}

}  // namespace

const FilterTable& value_filters() {
  static const FilterTable kFilters = {{"abs", absolute},   {"d", default_to},        {"default", default_to},
                                       {"length", length},  {"count", length},        {"attr", attribute},
                                       {"int", to_integer}, {"float", to_float},      {"filesizeformat", file_size},
                                       {"round", rounded},  {"tojson", to_json_text}, {"from_json", from_json_text}};
  return kFilters;
}

}  // namespace estoc::jinja
