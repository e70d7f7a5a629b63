// Python's format specifications, the part after the colon in "{:>8.2f}": read, and applied to text and numbers.
// Widths and precisions are bounded. Errors: Failure for a specification that Python refuses for the value.
#pragma once

#include <string>
#include <string_view>

#include "jinja/value.h"

namespace estoc::jinja {

// format(value, spec). An empty specification is str(); values other than strings and numbers take no other.
std::string formatted(const Value& value, std::string_view spec);

// The digits of a number that is not negative, as the types e, f and g of a specification and of %-formatting write
// them, in upper case for E, F and G. An alternate form keeps the point and the zeros behind it; with `keeps_fraction`
// g never ends in an integer: 42.0.
std::string float_digits(double size, char type, int precision, bool is_alternate, bool keeps_fraction = false);

// The whole part of a number, in full.
std::string whole_digits(double size);

}  // namespace estoc::jinja
