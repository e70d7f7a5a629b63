// Python's operators on values: arithmetic, ==, ordering and `in`.
//
// Integers are 64 bits: a result beyond them is an error, never a wrong number. Comparisons walk whole values: the
// caller charges their weight first. Errors: Failure where Python has a TypeError, ZeroDivisionError or OverflowError.
// Internal to jinja/.
#pragma once

#include "jinja/value.h"

namespace estoc::jinja {

enum class Arithmetic { add, subtract, multiply, divide, floor_divide, modulo, power };

Value calculate(Arithmetic operation, const Value& left, const Value& right);
Value negate(const Value& value);
Value affirm(const Value& value);  // unary plus

// round(value, digits): halves to even, as Python.
double round_to(double value, int64_t digits);

bool is_equal(const Value& left, const Value& right);
bool is_same(const Value& left, const Value& right);  // `is`
// Negative, zero or positive; for unordered floats (nan) 2. `sign` is the operator, for the message.
int compare(const Value& left, const Value& right, const char* sign);
bool is_in(const Value& needle, const Value& haystack);

}  // namespace estoc::jinja
