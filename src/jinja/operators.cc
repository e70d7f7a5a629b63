#include "jinja/operators.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "jinja/failure.h"
#include "jinja/format.h"
#include "jinja/iteration.h"
#include "jinja/limits.h"
#include "jinja/text_operations.h"
#include "jinja/unicode.h"
#include "jinja/value.h"

namespace estoc::jinja {
namespace {

const char* sign_of(Arithmetic operation) {
  switch (operation) {
    case Arithmetic::add:
      return "+";
    case Arithmetic::subtract:
      return "-";
    case Arithmetic::multiply:
      return "*";
    case Arithmetic::divide:
      return "/";
    case Arithmetic::floor_divide:
      return "//";
    case Arithmetic::modulo:
      return "%";
    case Arithmetic::power:
      return "**";
  }
  return "?";
}

[[noreturn]] void overflow() { stop("an integer result is beyond 64 bits"); }

int64_t integer_power(int64_t base, int64_t exponent) {
  if (base == 0 || base == 1) return exponent == 0 ? 1 : base;
  if (base == -1) return exponent % 2 ? -1 : 1;
  int64_t result = 1;
  for (; exponent > 0; --exponent) {  // at most 64 rounds: |base| >= 2 overflows
    if (__builtin_mul_overflow(result, base, &result)) overflow();
  }
  return result;
}

Value integer_result(Arithmetic operation, int64_t a, int64_t b) {
  int64_t result = 0;
  switch (operation) {
    case Arithmetic::add:
      if (__builtin_add_overflow(a, b, &result)) overflow();
      return Value::integer(result);
    case Arithmetic::subtract:
      if (__builtin_sub_overflow(a, b, &result)) overflow();
      return Value::integer(result);
    case Arithmetic::multiply:
      if (__builtin_mul_overflow(a, b, &result)) overflow();
      return Value::integer(result);
    case Arithmetic::divide:
      return Value::floating(static_cast<double>(a) / static_cast<double>(b));
    case Arithmetic::floor_divide:
      if (b == -1) return negate(Value::integer(a));
      return Value::integer(a / b - (a % b != 0 && (a % b < 0) != (b < 0)));
    case Arithmetic::modulo:
      if (b == -1) return Value::integer(0);
      result = a % b;
      return Value::integer(result != 0 && (result < 0) != (b < 0) ? result + b : result);
    case Arithmetic::power:
      if (b < 0) return Value::floating(std::pow(static_cast<double>(a), static_cast<double>(b)));
      return Value::integer(integer_power(a, b));
  }
  overflow();
}

double float_modulo(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

Value float_result(Arithmetic operation, double a, double b) {
  switch (operation) {
    case Arithmetic::add:
      return Value::floating(a + b);
    case Arithmetic::subtract:
      return Value::floating(a - b);
    case Arithmetic::multiply:
      return Value::floating(a * b);
    case Arithmetic::divide:
      return Value::floating(a / b);
    case Arithmetic::floor_divide:
      return Value::floating(std::floor((a - float_modulo(a, b)) / b + 0.5));
    case Arithmetic::modulo:
      return Value::floating(float_modulo(a, b));
    case Arithmetic::power:
      break;
  }
  const double result = std::pow(a, b);
  if (std::isnan(result) && !std::isnan(a) && !std::isnan(b)) stop("complex numbers are not supported");
  if (std::isinf(result) && std::isfinite(a) && std::isfinite(b)) stop("the result of ** is too large");
  return Value::floating(result);
}

Value number_result(Arithmetic operation, const Value& left, const Value& right) {
  const bool divides =
      operation == Arithmetic::divide || operation == Arithmetic::floor_divide || operation == Arithmetic::modulo;
  if (divides && right.as_double() == 0) stop("division by zero");
  if (operation == Arithmetic::power && left.as_double() == 0 && right.as_double() < 0) {
    stop("0 cannot be raised to a negative power");
  }
  if (left.is_integral() && right.is_integral()) {
    return integer_result(operation, left.as_integer(), right.as_integer());
  }
  return float_result(operation, left.as_double(), right.as_double());
}

Value joined(const Value& left, const Value& right) {
  const bool is_markup = left.text().is_markup || right.text().is_markup;
  const auto part = [&](const Value& value) {
    return is_markup && !value.text().is_markup ? escape_html(value.bytes()) : value.bytes();
  };
  return Value::string(part(left) + part(right), is_markup);
}

bool is_plain_sequence(const Value& value) {
  return value.is_sequence(SequenceKind::list) || value.is_sequence(SequenceKind::tuple);
}

Value repeated(const Value& value, int64_t times) {
  const auto count = static_cast<uint64_t>(std::max<int64_t>(times, 0));
  if (value.is_string()) {
    const std::string& bytes = value.bytes();
    if (count && bytes.size() > kTextBytesMax / count) stop("a repeated string is longer than {} bytes", kTextBytesMax);
    std::string out;
    out.reserve(bytes.size() * count);
    for (uint64_t i = 0; i < count && !bytes.empty(); ++i) out += bytes;
    return Value::string(std::move(out), value.text().is_markup);
  }
  const Values& items = value.sequence().items;
  if (count && items.size() > kItemsMax / count) stop("a repeated list has more than {} items", kItemsMax);
  Values out;
  out.reserve(items.size() * count);
  for (uint64_t i = 0; i < count && !items.empty(); ++i) out.insert(out.end(), items.begin(), items.end());
  return Value::sequence(value.sequence().kind, std::move(out));
}

constexpr int kUnordered = 2;

int compare_numbers(const Value& left, const Value& right) {
  if (left.is_integral() && right.is_integral()) {
    return left.as_integer() < right.as_integer() ? -1 : left.as_integer() > right.as_integer();
  }
  // A long double holds every int64 exactly, so 2**53 + 1 is not equal to 2.0**53.
  const auto wide = [](const Value& value) {
    return value.is_float() ? static_cast<long double>(value.as_double())
                            : static_cast<long double>(value.as_integer());
  };
  const long double a = wide(left);
  const long double b = wide(right);
  if (a != a || b != b) return kUnordered;
  return a < b ? -1 : a > b;
}

bool equal_dicts(const Dict& left, const Dict& right) {
  if (left.size() != right.size()) return false;
  return std::all_of(left.entries().begin(), left.entries().end(), [&](const Dict::Entry& entry) {
    const Value* other = right.find(entry.first);
    return other && is_equal(entry.second, *other);
  });
}

bool equal_sequences(const Value& left, const Value& right) {
  const Sequence& a = left.sequence();
  const Sequence& b = right.sequence();
  if (&a == &b) return true;
  const bool by_items = a.kind == SequenceKind::list || a.kind == SequenceKind::tuple ||
                        a.kind == SequenceKind::range || a.kind == SequenceKind::dict_keys ||
                        a.kind == SequenceKind::dict_items;
  return by_items && a.kind == b.kind &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(),
                    [](const Value& x, const Value& y) { return is_equal(x, y); });
}

bool is_ordered_sequence(const Value& value) {
  return value.is_sequence(SequenceKind::list) || value.is_sequence(SequenceKind::tuple);
}

}  // namespace

double round_to(double value, int64_t digits) {
  if (!std::isfinite(value)) return value;
  if (digits > 300) return value;
  if (digits < -308) return std::copysign(0.0, value);
  if (digits >= 0) return std::strtod(fmt::format("{:.{}f}", value, digits).c_str(), nullptr);
  const double scale = std::pow(10.0, static_cast<double>(-digits));
  return std::nearbyint(value / scale) * scale;
}

Value calculate(Arithmetic operation, const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) return number_result(operation, left, right);
  if (left.is_string() && operation == Arithmetic::modulo) return percent_format(left, right);
  if (left.is_undefined()) stop("{}", left.undefined_reason());
  if (right.is_undefined()) stop("{}", right.undefined_reason());
  if (operation == Arithmetic::add) {
    if (left.is_string() && right.is_string()) return joined(left, right);
    if (is_plain_sequence(left) && is_plain_sequence(right) && left.sequence().kind == right.sequence().kind) {
      Values items = left.sequence().items;
      items.insert(items.end(), right.sequence().items.begin(), right.sequence().items.end());
      return Value::sequence(left.sequence().kind, std::move(items));
    }
    if (left.is_string()) stop("can only concatenate str (not \"{}\") to str", right.type_name());
  }
  if (operation == Arithmetic::multiply) {
    if ((left.is_string() || is_plain_sequence(left)) && right.is_integral()) return repeated(left, right.as_integer());
    if ((right.is_string() || is_plain_sequence(right)) && left.is_integral())
      return repeated(right, left.as_integer());
  }
  stop("unsupported operand types for {}: '{}' and '{}'", sign_of(operation), left.type_name(), right.type_name());
}

Value negate(const Value& value) {
  if (value.is_undefined()) stop("{}", value.undefined_reason());
  if (value.is_float()) return Value::floating(-value.as_double());
  if (!value.is_integral()) stop("bad operand type for unary -: '{}'", value.type_name());
  int64_t result = 0;
  if (__builtin_sub_overflow(int64_t{0}, value.as_integer(), &result)) overflow();
  return Value::integer(result);
}

Value affirm(const Value& value) {
  if (value.is_undefined()) stop("{}", value.undefined_reason());
  if (value.is_float()) return value;
  if (!value.is_integral()) stop("bad operand type for unary +: '{}'", value.type_name());
  return Value::integer(value.as_integer());
}

bool is_equal(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) return compare_numbers(left, right) == 0;
  if (left.is_string() && right.is_string()) return left.bytes() == right.bytes();
  if (left.is_none() || right.is_none()) return left.is_none() && right.is_none();
  if (left.is_undefined() || right.is_undefined()) return left.is_undefined() && right.is_undefined();
  if (left.is_sequence() && right.is_sequence()) return equal_sequences(left, right);
  if (left.is_dict() && right.is_dict()) return equal_dicts(left.dict(), right.dict());
  return left.is_object() && right.is_object() && left.address() == right.address();
}

bool is_same(const Value& left, const Value& right) {
  if (left.is_undefined() && right.is_undefined()) return left.address() == right.address();
  if (left.is_undefined() || right.is_undefined()) return false;
  if (left.address() || right.address()) {
    if (left.is_string() && right.is_string()) return left.bytes() == right.bytes();  // as if strings were interned
    return left.address() == right.address();
  }
  if (left.is_bool() != right.is_bool() || left.is_float() != right.is_float()) return false;
  return is_equal(left, right);
}

int compare(const Value& left, const Value& right, const char* sign) {
  if (left.is_undefined()) stop("{}", left.undefined_reason());
  if (right.is_undefined()) stop("{}", right.undefined_reason());
  if (left.is_number() && right.is_number()) return compare_numbers(left, right);
  if (left.is_string() && right.is_string()) {
    const int order = left.bytes().compare(right.bytes());
    return order < 0 ? -1 : order > 0;
  }
  if (is_ordered_sequence(left) && is_ordered_sequence(right) && left.sequence().kind == right.sequence().kind) {
    const Values& a = left.sequence().items;
    const Values& b = right.sequence().items;
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
      if (!is_equal(a[i], b[i])) return compare(a[i], b[i], sign);
    }
    return a.size() < b.size() ? -1 : a.size() > b.size();
  }
  stop("'{}' not supported between instances of '{}' and '{}'", sign, left.type_name(), right.type_name());
}

bool is_in(const Value& needle, const Value& haystack) {
  if (haystack.is_string()) {
    if (!needle.is_string()) stop("'in <string>' requires string as left operand, not {}", needle.type_name());
    return find_text(haystack.bytes(), needle.bytes()) != std::string_view::npos;
  }
  if (haystack.is_dict()) return haystack.dict().find(needle) != nullptr;
  if (haystack.is_object()) stop("argument of type '{}' is not iterable", haystack.type_name());
  ItemReader items(haystack);
  while (const auto item = items.next()) {
    if (is_equal(needle, *item)) return true;
  }
  return false;
}

}  // namespace estoc::jinja
