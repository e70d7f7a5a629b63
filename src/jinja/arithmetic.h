// Python's arithmetic on values. Integers are 64 bits: a result beyond them is an error, never a wrong number.
// Errors: Failure where Python has a TypeError, ZeroDivisionError or OverflowError.
#pragma once

#include "jinja/value.h"

namespace estoc::jinja {

enum class Arithmetic { add, subtract, multiply, divide, floor_divide, modulo, power };

Value calculate(Arithmetic operation, const Value& left, const Value& right);
Value negate(const Value& value);
Value affirm(const Value& value);  // unary plus

// round(value, digits): halves to even, as Python.
double round_to(double value, int64_t digits);

}  // namespace estoc::jinja
