// What ints and floats have: real and imag, is_integer, as_integer_ratio and the like.
#include <fmt/format.h>

#include <bit>
#include <cmath>

#include "jinja/arguments.h"
#include "jinja/failure.h"
#include "jinja/method_tables.h"
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

}  // namespace

const MethodTable& integer_methods() {
  static const MethodTable kMethods = {{"conjugate", conjugate},
                                       {"bit_length", bit_length},
                                       {"bit_count", bit_count},
                                       {"as_integer_ratio", integer_ratio}};
  return kMethods;
}

const MethodTable& float_methods() {
  static const MethodTable kMethods = {
      {"conjugate", conjugate}, {"is_integer", is_integer}, {"as_integer_ratio", integer_ratio}, {"hex", hex}};
  return kMethods;
}

}  // namespace estoc::jinja
